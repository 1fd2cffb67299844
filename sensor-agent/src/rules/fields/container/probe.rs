//! Health checks and probes. Falco's plugin has the fields and never fills them; here the runtime tells of health checks,
//! the API server or what was applied of exec probes.

use crate::{
    border::context::{Command, Probes},
    enrich::Metadata,
    rules::{
        Value,
        fields::{Context, k8smeta},
        text::Text,
    },
};

type Read = fn(&Probes) -> Option<&Command>;

/// The command, its words separated by a blank.
pub(super) fn line<'a>(c: &Context<'a>, read: Read) -> Option<Value<'a>> {
    let mut text = Text::new(c.arena);
    for word in command(c, read)? {
        text.separate(b" ").push(word.as_bytes());
    }
    Some(Value::Text(text.finish()))
}

/// Whether the process, or one that it descends from, came into the container as that command. What the container
/// starts itself is none, whatever it is called.
pub(super) fn is_of<'a>(c: &Context<'a>, read: Read) -> Option<Value<'a>> {
    if c.event.metadata == Metadata::Host {
        return Some(Value::Bool(false));
    }
    c.event.metadata.told()?;
    let entry = c.event.actor.entry.as_deref().filter(|entry| !entry.is_empty());
    let is_it = |command: &Command, entry: &[u8]| {
        entry.split(|byte| *byte == 0).eq(command.iter().map(String::as_bytes))
    };
    let found = command(c, read).zip(entry).is_some_and(|(command, entry)| is_it(command, entry));
    Some(Value::Bool(found))
}

fn command<'a>(c: &Context<'a>, read: Read) -> Option<&'a Command> {
    let told = c.event.metadata.told()?;
    let of_pod = || k8smeta::facts(c)?.probes.iter().find(|(name, _)| *name == told.name);
    read(&told.probes).or_else(|| read(&of_pod()?.1))
}
