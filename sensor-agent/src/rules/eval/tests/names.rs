//! Host names of rules against the address of a connection.

use super::{Evaluator, Matching, evaluator};
use crate::{
    border::Resolved,
    decode::zero,
    enrich::{Limits, Side, State},
    rules::fixture::{host, process, socket, within_state},
};
use sensor_common::event::Socket;

const CONDITIONS: &[&str] = &[
    "evt.type=connect and fd.sip.name=api.test",
    "evt.type=connect and fd.sip.name!=api.test",
    "evt.type=connect and fd.sip.name in (other.test, \"api.test\")",
    "evt.type=connect and fd.sip.name endswith .test",
    "evt.type=connect and fd.sip.name exists",
    "evt.type=connect and fd.cip.name=api.test",
    "evt.type=connect and fd.rip.name=alias.test",
];

fn resolved(names: &[(&str, &str)]) -> Vec<Resolved> {
    names
        .iter()
        .map(|(name, address)| Resolved {
            name: (*name).to_owned(),
            addresses: vec![address.parse().expect("an address")],
        })
        .collect()
}

fn connect() -> Vec<u8> {
    let mut body = Socket {
        local_port: 40_000,
        remote_port: 443,
        family: 2,
        sock_type: 1,
        protocol: 6,
        fd: 4,
        ..zero()
    };
    body.local[..4].copy_from_slice(&[10, 0, 0, 1]);
    body.remote[..4].copy_from_slice(&[1, 2, 3, 4]);
    body.call.args[0] = 4;
    socket("connect", 0, body, b"", b"")
}

/// Which conditions match a connection to 1.2.3.4.
fn matching(evaluator: &mut Evaluator, told: Option<Vec<Resolved>>, record: &[u8]) -> Vec<usize> {
    let mut state = State::new(host(), Limits::default());
    if let Some(told) = told {
        state.learn_names(told);
    }
    let mut found = Vec::new();
    within_state(&state, record, &process(), Side::Caller, |context| {
        evaluator.evaluate(context.event, &mut |rule, _| found.push(rule.index));
    });
    found
}

#[test]
fn names_match_the_addresses_that_were_looked_up() {
    let mut evaluator = evaluator(CONDITIONS, Matching::All);
    for (told, found) in [
        // Nothing is known yet: nothing is claimed either.
        (None, &[][..]),
        (Some(vec![]), &[1]),
        (Some(resolved(&[("api.test", "1.2.3.4")])), &[0, 2, 3, 4]),
        (Some(resolved(&[("api.test", "1.2.3.4"), ("alias.test", "1.2.3.4")])), &[0, 2, 3, 4, 6]),
        (Some(resolved(&[("api.test", "::ffff:1.2.3.4")])), &[0, 2, 3, 4]),
        (Some(resolved(&[("api.test", "1.2.3.5"), ("other.test", "1.2.3.4")])), &[1, 2, 3, 4]),
        (Some(resolved(&[("api.test", "10.0.0.1")])), &[1, 5]),
    ] {
        assert_eq!(matching(&mut evaluator, told.clone(), &connect()), found, "{told:?}");
    }
    // No address, no answer.
    let unbound = socket("connect", -111, zero(), b"", b"");
    assert!(matching(&mut evaluator, Some(vec![]), &unbound).is_empty());
}

#[test]
fn the_names_of_all_conditions_are_collected() {
    let conditions =
        ["evt.type=connect and (fd.sip.name=b.test or not fd.cip.name in (a.test, b.test))", "evt.type=open"];
    assert_eq!(evaluator(&conditions, Matching::All).set.host_names(), ["a.test", "b.test"]);
}
