//! What is asked, how often, and what is known after each answer.

use super::{ASK_AGAIN_NS, Contexts, ENDED, Metadata};
use crate::{
    border::{Context, Told},
    enrich::Container,
};

fn container(number: usize) -> Container {
    let full_id = format!("{number:064x}");
    let (found, _) = Container::in_cgroup(format!("/docker/{full_id}").as_bytes()).expect("a container");
    found
}

fn asked(contexts: &mut Contexts) -> Vec<String> {
    contexts.take_wanted().into_iter().map(|wanted| wanted.full_id).collect()
}

fn told(container: &Container, name: Option<&str>) -> Told {
    let context = name.map(|name| Box::new(Context { name: name.to_owned(), ..Context::default() }));
    Told { full_id: container.full_id.clone(), context }
}

#[test]
fn nothing_is_asked_when_nobody_answers() {
    let mut contexts = Contexts::new();
    contexts.see(&container(1), 0);
    assert_eq!(asked(&mut contexts), [""; 0]);
    assert_eq!(contexts.of(Some(&container(1))), Metadata::Unknown);
    assert_eq!(contexts.of(None), Metadata::Host);
}

#[test]
fn a_container_is_asked_for_once_and_again_when_nobody_answers() {
    let (mut contexts, one) = (Contexts::new(), container(1));
    contexts.is_asking = true;
    for (now_ns, expect) in [(0, 1), (1, 0), (ASK_AGAIN_NS, 0), (ASK_AGAIN_NS + 1, 1), (ASK_AGAIN_NS + 2, 0)]
    {
        contexts.see(&one, now_ns);
        assert_eq!(asked(&mut contexts).len(), expect, "at {now_ns}");
        assert_eq!(contexts.of(Some(&one)), Metadata::Awaited);
    }
    contexts.give_up(&one.full_id);
    assert_eq!(contexts.of(Some(&one)), Metadata::TimedOut);
    contexts.learn(told(&one, Some("late")));
    assert_eq!(contexts.of(Some(&one)).told().map(|told| told.name.as_str()), Some("late"));
    contexts.give_up(&one.full_id);
    assert_eq!(contexts.of(Some(&one)).label(), "resolved");
    contexts.see(&one, u64::MAX);
    assert_eq!(asked(&mut contexts).len(), 0);
}

#[test]
fn no_runtime_knows_it() {
    let (mut contexts, one) = (Contexts::new(), container(1));
    contexts.is_asking = true;
    contexts.see(&one, 0);
    contexts.learn(told(&one, None));
    assert_eq!(contexts.of(Some(&one)), Metadata::Unknown);
    // Nobody asked for this one.
    contexts.learn(told(&container(2), Some("stranger")));
    assert_eq!(contexts.len(), 1);
}

#[test]
fn ended_containers_make_room() {
    let mut contexts = Contexts::new();
    contexts.is_asking = true;
    for number in 0..ENDED * 3 {
        let container = container(number);
        contexts.see(&container, 0);
        contexts.learn(told(&container, Some("short")));
        contexts.end(&container);
        contexts.take_wanted();
    }
    assert_eq!(contexts.len(), ENDED);
    assert_eq!(contexts.of(Some(&container(ENDED * 3 - 1))).label(), "resolved");
}

#[test]
fn a_question_that_was_not_taken_is_asked_again() {
    let (mut contexts, one) = (Contexts::new(), container(1));
    contexts.is_asking = true;
    contexts.see(&one, 0);
    contexts.forget(&one.full_id);
    contexts.take_wanted();
    contexts.see(&one, 1);
    assert_eq!(asked(&mut contexts), [one.full_id]);
}
