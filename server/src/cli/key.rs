//! `yizhan key`: the key that signs.

use std::path::Path;

use super::args::Key as Command;
use super::relay::Relay;
use super::{Failure, Output, text};
use crate::admin::{Key, RotateKey};

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let keys: Vec<Key> = match command {
        Command::List => relay.get("keys")?,
        Command::Rotate { drop_former } => relay.post("keys/rotate", &RotateKey { drop_former })?,
    };
    output.say(&keys, |keys| {
        let rows: Vec<Vec<String>> = keys
            .iter()
            .map(|key| {
                let does = match &key.ends_at {
                    None => "signs".to_owned(),
                    Some(ends_at) => format!("verifies until {}", text::local(ends_at)),
                };
                vec![key.id.clone(), does]
            })
            .collect();
        text::table(&["KEY", ""], &rows)
    })
}
