//! Every code that an app may have to translate is listed in the protocol's description.

use yizhan_client_core::model::RefusalCode;
use yizhan_proto::FaultCode;

use crate::source::root;

#[test]
fn every_code_is_documented() {
    let protocol = std::fs::read_to_string(root().join("docs/PROTOCOL.md"))
        .expect("docs/PROTOCOL.md is there");
    let faults = FaultCode::ALL
        .iter()
        .map(|code| (code.as_str(), code.title()));
    let reasons = RefusalCode::ALL
        .iter()
        .map(|code| (code.as_str(), code.sentence()));
    let missing: Vec<String> = faults
        .map(|(code, title)| {
            format!(
                "| `{code}` | {} | {title} |",
                FaultCode::from_text(code).status()
            )
        })
        .chain(reasons.map(|(code, sentence)| format!("| `{code}` | {sentence} |")))
        .filter(|row| !protocol.contains(row.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/PROTOCOL.md lacks these rows:\n{}",
        missing.join("\n")
    );
}
