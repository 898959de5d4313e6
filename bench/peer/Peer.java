import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * What the aggregator is measured beside: the same sums by Kafka Streams, as its documentation would have them. Each identity is
 * looked up and kept in a store, what is new is added to its key's sums by day in another, and both stores have their changelogs;
 * input, stores and output are committed together, exactly once. It is spared what makes no difference to a benchmark and would only
 * cost it more: identities never expire, nothing has a horizon, and there are no dead letters and no store beside Kafka.
 *
 * <p>Arguments: brokers, topic of the transactions, topic of the sums, directory of the stores, threads.
 */
public final class Peer {
    private static final String SEEN = "seen";
    private static final JsonFactory JSON = new JsonFactory();

    /** What a transaction is to the sums. */
    private record Transaction(String identity, String day, BigDecimal amount, String currency) {
        static Transaction read(byte[] json) {
            String id = null, partner = null, day = null, amount = null, currency = null;
            try (JsonParser parser = JSON.createParser(json)) {
                parser.nextToken();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String field = parser.currentName();
                    parser.nextToken();
                    switch (field) {
                        case "id" -> id = parser.getText();
                        case "partner" -> partner = parser.getText();
                        case "day" -> day = parser.getText();
                        case "amount" -> amount = parser.getText();
                        case "currency" -> currency = parser.getText();
                        default -> parser.skipChildren();
                    }
                }
            } catch (IOException unreadable) {
                throw new IllegalArgumentException(unreadable);
            }
            return new Transaction(partner + "/" + id, day, new BigDecimal(amount), currency);
        }
    }

    /** Lets each identity pass once, as the day, currency and amount that are to be added. */
    private static final class Deduplicate implements FixedKeyProcessor<String, byte[], String> {
        private FixedKeyProcessorContext<String, String> context;
        private KeyValueStore<Bytes, byte[]> seen;

        @Override
        public void init(FixedKeyProcessorContext<String, String> context) {
            this.context = context;
            this.seen = context.getStateStore(SEEN);
        }

        @Override
        public void process(FixedKeyRecord<String, byte[]> record) {
            Transaction transaction = Transaction.read(record.value());
            Bytes identity = Bytes.wrap(transaction.identity().getBytes(StandardCharsets.UTF_8));
            if (seen.putIfAbsent(identity, transaction.day().getBytes(StandardCharsets.UTF_8)) == null) {
                String added = transaction.day() + " " + transaction.currency() + "=" + transaction.amount().toPlainString();
                context.forward(record.withValue(added));
            }
        }
    }

    /** The sums of a key, {@code day currency=sum} by {@code ;}, with one amount more. */
    private static String add(String sums, String added) {
        Map<String, BigDecimal> all = new TreeMap<>();
        for (String one : (sums.isEmpty() ? added : sums + ";" + added).split(";")) {
            int end = one.indexOf('=');
            all.merge(one.substring(0, end), new BigDecimal(one.substring(end + 1)), BigDecimal::add);
        }
        StringBuilder text = new StringBuilder();
        all.forEach((of, sum) -> text.append(text.isEmpty() ? "" : ";").append(of).append('=').append(sum.toPlainString()));
        return text.toString();
    }

    public static void main(String[] arguments) throws InterruptedException {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, arguments[4]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");

        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(SEEN), Serdes.Bytes(), Serdes.ByteArray()));
        builder.stream(arguments[1], Consumed.with(Serdes.String(), Serdes.ByteArray()))
                .processValues(Deduplicate::new, SEEN)
                .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
                .aggregate(() -> "", (key, added, sums) -> add(sums, added),
                        Materialized.with(Serdes.String(), Serdes.String()))
                .toStream()
                .to(arguments[2], Produced.with(Serdes.String(), Serdes.String()));

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setUncaughtExceptionHandler(failure -> {
            failure.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            ended.countDown();
        }));
        streams.start();
        ended.await();
    }
}
