//! Every code that an app may have to translate is listed in the protocol's description.
//! The codes that a phone makes up itself stand as text where errors become codes.

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

/// Where the phone's own codes are written down.
const PHONE_CODES: [&str; 4] = [
    "client-core/src/error/store.rs",
    "client-core/src/tablet/error.rs",
    "client-core/src/error.rs",
    "client-core/src/bin/yizhan-phone/failure.rs",
];

#[test]
fn every_code_of_the_phone_is_documented() {
    let protocol = std::fs::read_to_string(root().join("docs/PROTOCOL.md"))
        .expect("docs/PROTOCOL.md is there");
    let mut found = 0;
    for file in PHONE_CODES {
        let source = std::fs::read_to_string(root().join(file)).expect("the source is there");
        for code in source
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| is_code(text))
        {
            found += 1;
            assert!(
                protocol.contains(&format!("| `{code}` |")),
                "docs/PROTOCOL.md lacks the code {code} of {file}"
            );
        }
    }
    assert!(found > 20, "the sources were not understood: {found} codes");
}

/// `store.full` and the like.
fn is_code(text: &str) -> bool {
    text.split_once('.').is_some_and(|(left, right)| {
        [left, right].iter().all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        })
    })
}
