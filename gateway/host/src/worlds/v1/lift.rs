//! From the types of this world to the host's own. An extra that is not known here refuses what it stands in.

use super::bindings as v1;
use crate::about::{About, KeyUse};
use crate::edit::HeaderEdit;
use crate::failure::{ActivationError, PolicyFailure};
use crate::message::Header;
use crate::outcome::{Accepted, Continuation, Decision, Forwarded, Outcome, Transaction};
use crate::reply::{Refusal, Reply};
use crate::response::{AcceptedResponse, Changed, ResponseOutcome};

pub(crate) fn decision(given: v1::Decision) -> Result<Decision, PolicyFailure> {
    let outcome = match given.outcome {
        v1::Outcome::Accept(given) => Outcome::Accept(accepted(given)?),
        v1::Outcome::Answer(given) => Outcome::Answer(reply(given)?),
        v1::Outcome::Forward(given) => Outcome::Forward(forwarded(given)?),
        v1::Outcome::Reject(given) => Outcome::Reject(refusal(given)?),
    };
    Ok(Decision { outcome, context: given.context })
}

pub(crate) fn response_outcome(given: v1::ResponseOutcome) -> Result<ResponseOutcome, PolicyFailure> {
    Ok(match given {
        v1::ResponseOutcome::Pass => ResponseOutcome::Pass,
        v1::ResponseOutcome::Change(given) => ResponseOutcome::Change(changed(given)?),
        v1::ResponseOutcome::Accept(given) => {
            no_extras("accepted response", &given.extras)?;
            let transactions = transactions(given.transactions);
            ResponseOutcome::Accept(AcceptedResponse { transactions, change: changed(given.change)? })
        }
    })
}

pub(crate) fn reply(given: v1::Reply) -> Result<Reply, PolicyFailure> {
    no_extras("reply", &given.extras)?;
    Ok(Reply { status: given.status, headers: headers(given.headers), body: given.body })
}

pub(crate) fn about(given: v1::About) -> Result<About, ActivationError> {
    if let Some((name, _)) = given.extras.first() {
        let problem = format!("its `about` has the extra `{name}`, which this gateway does not know");
        return Err(ActivationError::WrongWorld(problem));
    }
    Ok(About {
        name: given.name,
        version: given.version,
        needs_body: given.needs_body,
        headers: given.headers,
        facts: given.facts,
        may_accept: given.may_accept,
        sees_responses: given.sees_responses,
        needs_response_body: given.needs_response_body,
        keys: given.keys.into_iter().map(|used| KeyUse { name: used.name, function: used.function }).collect(),
        config_schema: given.config_schema,
    })
}

fn accepted(given: v1::Accepted) -> Result<Accepted, PolicyFailure> {
    no_extras("accept", &given.extras)?;
    let then = match given.then {
        v1::Continuation::Reply(given) => Continuation::Reply(reply(given)?),
        v1::Continuation::Forward(given) => Continuation::Forward(forwarded(given)?),
    };
    Ok(Accepted { transactions: transactions(given.transactions), then })
}

fn forwarded(given: v1::Forwarded) -> Result<Forwarded, PolicyFailure> {
    no_extras("forward", &given.extras)?;
    let headers = edit(given.remove_headers, given.set_headers, given.add_headers);
    Ok(Forwarded { method: given.method, target: given.target, headers, body: given.body })
}

fn changed(given: v1::Changed) -> Result<Changed, PolicyFailure> {
    no_extras("changed response", &given.extras)?;
    let headers = edit(given.remove_headers, given.set_headers, given.add_headers);
    Ok(Changed { status: given.status, headers, body: given.body })
}

fn refusal(given: v1::RefusalResult) -> Result<Refusal, PolicyFailure> {
    no_extras("refusal", &given.extras)?;
    let v1::RefusalResult { status, code, detail, field, retry_after, extras: _ } = given;
    Ok(Refusal { status, code, detail, field, retry_after })
}

fn transactions(given: Vec<v1::Transaction>) -> Vec<Transaction> {
    let transaction = |given: v1::Transaction| {
        let v1::Transaction { id, time, day, key, amount, currency, kind, attributes } = given;
        Transaction { id, time, day, key, amount, currency, kind, attributes }
    };
    given.into_iter().map(transaction).collect()
}

fn edit(remove: Vec<String>, set: Vec<v1::HeaderResult>, add: Vec<v1::HeaderResult>) -> HeaderEdit {
    HeaderEdit { remove, set: headers(set), add: headers(add) }
}

fn headers(given: Vec<v1::HeaderResult>) -> Vec<Header> {
    given.into_iter().map(|given| Header { name: given.name, value: given.value }).collect()
}

fn no_extras(of: &str, extras: &[(String, String)]) -> Result<(), PolicyFailure> {
    match extras.first() {
        None => Ok(()),
        Some((name, _)) => {
            Err(PolicyFailure::BadOutcome(format!("a {of} with the extra `{name}`, which this gateway does not know")))
        }
    }
}
