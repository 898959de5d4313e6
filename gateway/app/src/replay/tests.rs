//! Letters that go back, and those that do not.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_console::replays::{Replay, Replayed, Replayer};
use tallygate_core::{envelope, record};
use tallygate_front::journal;
use tallygate_queue::{Consumer, Queue, QueueError};
use tallygate_stream::{
    Batch, Bounds, Follower, NewRecord, NotAppended, Record, Retention, Start, Stream, StreamError, Subscription, Topic,
};

use super::{Letters, Replays};
use crate::config::Config;

/// Keeps what is published, or is away.
#[derive(Default)]
struct Kept {
    messages: Mutex<Vec<Bytes>>,
    away: bool,
}

#[async_trait]
impl Queue for Kept {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        if self.away {
            return Err(QueueError::Away("told to be".into()));
        }
        self.messages.lock().unwrap().push(message);
        Ok(())
    }
    async fn consume(&self, _: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Err(QueueError::Refused("not in this test".into()))
    }
    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(0)
    }
}

/// A stream with these dead letters in its only partition.
struct Dead(Vec<Record>);

#[async_trait]
impl Stream for Dead {
    async fn prepare(&self, _: Retention) -> Result<(), StreamError> {
        Ok(())
    }
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        NotAppended::all(records.len(), &StreamError::Refused("not in this test".into()))
    }
    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        Err(StreamError::Refused("not in this test".into()))
    }
    async fn follow(&self, _: Topic, _: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        Ok(Box::new(Dead(self.0.clone())))
    }
    async fn bounds(&self, _: Topic) -> Result<Vec<Bounds>, StreamError> {
        Ok(vec![Bounds { partition: 0, low: 0, high: self.0.len() as u64, committed: 0 }])
    }
}

#[async_trait]
impl Follower for Dead {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        Ok(Batch { records: std::mem::take(&mut self.0), caught_up: true })
    }
}

struct Site {
    folder: tempfile::TempDir,
    queue: Arc<Kept>,
    replays: Replays,
}

fn today() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}

fn sale(id: &str, day: &str) -> String {
    let time = format!("{}T10:00:00Z", today());
    format!(
        r#"{{"id":"{id}","time":"{time}","day":"{day}","key":"HR3","amount":"12.50","currency":"EUR","type":"sale","partner":"shop-1","attributes":{{"till":"7","replayed_by":"ana"}}}}"#
    )
}

/// Letters whose days are these.
fn site(days: &[&str], away: bool) -> Site {
    configured(days, away, "")
}

/// The same, with a configuration.
fn configured(days: &[&str], away: bool, configuration: &str) -> Site {
    let letter = |(offset, day): (usize, &&str)| {
        let headers: [(&str, &[u8]); 2] = [(record::POLICY, b"json@abc"), ("traceparent", b"00-1-2-01")];
        Record::new((0, offset as u64, 0), b"HR3", &headers, sale(&format!("a-{offset}"), day).as_bytes())
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tallygate.toml");
    std::fs::write(&file, configuration).unwrap();
    let config = Arc::new(Config::load(&file).unwrap());
    let queue = Arc::new(Kept { away, ..Kept::default() });
    let stream: Arc<dyn Stream> = Arc::new(Dead(days.iter().enumerate().map(letter).collect()));
    let letters = Letters::new(config.clone(), Some(stream));
    let replays = Replays::new(queue.clone(), letters, config.front.clone(), &config.plan);
    Site { folder, queue, replays }
}

impl Site {
    async fn replay(&self, lines: &[&str], as_is: bool, dry_run: bool) -> Replayed {
        let lines = (1..).zip(lines.iter().map(|line| (*line).to_owned())).collect();
        self.replays.replay(Replay { lines, as_is, dry_run }, "operator").await.unwrap()
    }

    fn journalled(&self) -> Vec<journal::JournalEntry> {
        journal::read(&self.folder.path().join("data/journal")).map(Result::unwrap).collect()
    }
}

#[tokio::test]
async fn rule_13_a_letter_goes_back_as_a_message_of_its_own_with_a_line_in_the_journal() {
    let site = site(&[&today(), &today()], false);
    let replayed = site.replay(&[r#"{"at":"0/1"}"#, r#"{"at":"0/0"}"#], false, false).await;
    assert_eq!(replayed, Replayed { replayed: 2, ..Replayed::default() });
    assert_eq!(site.replay(&[r#"{"at":"0/0"}"#], false, false).await.replayed, 1);
    let messages = site.queue.messages.lock().unwrap().clone();
    let envelopes: Vec<_> = messages.iter().map(|message| envelope::decode(message).unwrap()).collect();
    let numbers: Vec<_> = envelopes.iter().map(|envelope| envelope.head.number).collect();
    assert_eq!(numbers.iter().map(|number| number.sequence).collect::<Vec<_>>(), [0, 1, 2]);
    let head = &envelopes[2].head;
    assert_eq!((&*head.partner, &*head.policy, &*head.version), ("shop-1", "json", "abc"));
    assert_eq!(&*head.traceparent, "00-1-2-01");
    let line: serde_json::Value = serde_json::from_str(envelopes[2].lines().next().unwrap()).unwrap();
    let attributes = &line["attributes"];
    assert_eq!((&line["id"], &attributes["till"]), (&"a-0".into(), &"7".into()), "{line}");
    assert_eq!((&attributes["replayed_by"], &attributes["replay_of"]), (&"operator".into(), &"0/0".into()), "{line}");
    assert!(attributes["replayed_at"].as_str().unwrap().starts_with(&today()), "{line}");
    let entries = site.journalled();
    assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), numbers);
    assert_eq!((&*entries[0].partner, entries[0].sums[0].count), ("shop-1", 1));
}

#[tokio::test]
async fn a_letter_outside_the_horizon_is_refused_by_line_or_left_as_it_is() {
    let site = site(&["1999-01-01", &today()], false);
    let lines = [r#"{"at":"0/0"}"#, r#"{"at":"0/1"}"#];
    let replayed = site.replay(&lines, false, true).await;
    assert_eq!((replayed.replayed, replayed.outside, replayed.refused.len(), replayed.dry_run), (1, 0, 1, true));
    let refused = &replayed.refused[0];
    assert_eq!((refused.line, refused.at.as_deref(), &*refused.field), (1, Some("0/0"), "transaction.day"));
    assert!(refused.problem.starts_with("must lie between ") && refused.problem.ends_with("is 1999-01-01"));
    assert_eq!(site.queue.messages.lock().unwrap().len(), 0, "it was a dry run");
    let replayed = site.replay(&lines, true, false).await;
    assert_eq!((replayed.replayed, replayed.outside, replayed.refused.len()), (1, 1, 0));
    let mended = format!(r#"{{"at":"0/0","transaction":{}}}"#, sale("a-0", &today()));
    assert_eq!(site.replay(&[&mended], false, false).await.replayed, 1);
    assert_eq!(site.queue.messages.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_may_not_go_back_is_refused_by_line_and_field() {
    let site = site(&[&today(), &today()], false);
    let other_id = format!(r#"{{"at":"0/0","transaction":{}}}"#, sale("b", &today()));
    let wrong = format!(r#"{{"at":"0/1","transaction":{}}}"#, sale("a-1", &today()).replace("12.50", "1e3"));
    let elsewhere = format!(r#"{{"at":"0/1","transaction":{}}}"#, sale("a-1", &today()).replace("HR3", "HR1"));
    let large = "x".repeat(64 * 1024);
    let large =
        format!(r#"{{"at":"0/1","transaction":{}}}"#, sale("a-1", &today()).replace("\"7\"", &format!("{large:?}")));
    for (line, field) in [
        (other_id.as_str(), "transaction.id"),
        (&wrong, "transaction.amount"),
        (&elsewhere, "transaction.key"),
        (&large, "transaction"),
        (r#"{"at":"0/7"}"#, "at"),
        (r#"{"at":"0/0","partner":"shop-2"}"#, "partner"),
        ("{", "line"),
    ] {
        let replayed = site.replay(&[line], false, false).await;
        assert_eq!((replayed.replayed, &*replayed.refused[0].field), (0, field), "{:?}", replayed.refused);
    }
    let twice = site.replay(&[r#"{"at":"0/0"}"#, r#"{"at":"0/0"}"#], false, false).await;
    assert_eq!((twice.replayed, twice.refused[0].line, &*twice.refused[0].field), (1, 2, "at"));
}

#[tokio::test]
async fn a_letter_goes_back_only_under_a_key_that_its_partner_is_bound_to() {
    for (keys, refused) in [("exact = [\"HR3\"]", None), ("prefix = [\"HR3/\"]", Some("transaction.key"))] {
        let configuration = format!("[[partners]]\nname = \"shop-1\"\nkeys = {{ {keys} }}\n");
        let site = configured(&[&today()], false, &configuration);
        let replayed = site.replay(&[r#"{"at":"0/0"}"#], false, false).await;
        assert_eq!(replayed.refused.first().map(|line| &*line.field), refused, "{keys}");
        assert_eq!(replayed.replayed, u64::from(refused.is_none()));
    }
}

#[tokio::test]
async fn rule_2_what_the_queue_did_not_confirm_was_not_replayed() {
    let site = site(&[&today(), &today()], true);
    let replayed = site.replay(&[r#"{"at":"0/0"}"#, r#"{"at":"0/1"}"#], false, false).await;
    assert_eq!((replayed.replayed, replayed.refused.len()), (0, 2));
    assert!(replayed.refused.iter().all(|refused| refused.field == "queue"), "{:?}", replayed.refused);
    assert!(site.journalled().is_empty());
}
