// A policy in JavaScript: each message is a JSON object, one transaction.
import { log } from 'tallygate:policy/host@1.0.0';

let currency;

const text = (bytes) => new TextDecoder().decode(bytes);
const bytes = (text) => new TextEncoder().encode(text);
const decide = (tag, val) => ({ outcome: { tag, val }, context: new Uint8Array() });
const reject = (code, detail, field) =>
  decide('reject', { status: 422, code, detail, field, retryAfter: undefined, extras: [] });

export const handler = {
  configure(config) {
    ({ currency } = JSON.parse(config));
    if (typeof currency !== 'string') {
      throw { pointer: '/currency', detail: 'the currency of all amounts is missing, such as "EUR"' };
    }
    return {
      name: 'javascript', version: '1.0.0', needsBody: true, headers: [], facts: [], mayAccept: true,
      seesResponses: false, needsResponseBody: false, keys: [], configSchema: undefined, extras: [],
    };
  },

  handle(message) {
    let transaction;
    try {
      transaction = JSON.parse(text(message.body));
    } catch (error) {
      // What is thrown is in no log, so it is told here.
      log('info', `${message.partner} sent no JSON: ${error.message}`);
      return reject('no-json', 'an object such as {"id": "1"} would be right');
    }
    const { id, time, key, amount } = transaction ?? {};
    // An amount too: as a number it would have lost cents here already, where it is large.
    for (const [name, value] of Object.entries({ id, time, key, amount })) {
      if (typeof value !== 'string') {
        return reject('no-text', `"${name}" must be text in quotes`, `/${name}`);
      }
    }
    const reply = { status: 202, headers: [], body: bytes('{"accepted":1}'), extras: [] };
    return decide('accept', {
      transactions: [{ id, time, day: undefined, key, amount, currency, kind: 'sale', attributes: [] }],
      then: { tag: 'reply', val: reply },
      extras: [],
    });
  },

  fault(message, refusal) {
    return undefined;
  },

  respond(message, response) {
    return { tag: 'pass' };
  },
};
