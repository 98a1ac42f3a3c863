//! Which module may name which.

use crate::source::{files, root};

/// In files whose path begins with `place` (and with none of `but`), no code names any of `never`.
struct Rule {
    place: &'static str,
    but: &'static [&'static str],
    never: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        place: "proto/src/",
        but: &[],
        never: &[
            "automerge",
            "rusqlite",
            "tokio",
            "axum",
            "std::fs",
            "std::net",
            "std::time",
            "std::thread",
        ],
        why: "proto knows nobody: only what crosses the wire",
    },
    Rule {
        place: "client-core/src/model/",
        but: &[],
        never: &[
            "crate::store",
            "crate::engine",
            "crate::transport",
            "crate::driver",
            "crate::client",
            "crate::clock",
            "rusqlite",
            "ureq",
            "async fn",
            "std::fs",
            "std::net",
            "std::time",
            "std::thread",
            "getrandom",
            "HashMap",
        ],
        why: "model is pure: no I/O, no clock, no async, no order that changes between runs",
    },
    Rule {
        place: "client-core/src/engine/",
        but: &[],
        never: &[
            "crate::store",
            "crate::model",
            "crate::transport",
            "crate::driver",
            "crate::client",
            "automerge",
            "rusqlite",
            "ureq",
            "std::fs",
            "std::net",
            "std::time",
            "std::thread",
            "getrandom",
        ],
        why: "engine moves opaque bytes, and performs nothing itself",
    },
    Rule {
        place: "client-core/src/store/",
        but: &[],
        never: &[
            "crate::engine",
            "crate::transport",
            "crate::driver",
            "crate::client",
            "ureq",
            "std::net",
            "std::thread",
        ],
        why: "store joins documents and SQLite, and knows no network",
    },
    Rule {
        place: "client-core/src/checkin",
        but: &[],
        never: &[
            "crate::store",
            "crate::engine",
            "crate::transport",
            "crate::driver",
            "crate::client",
            "crate::clock",
            "async fn",
        ],
        why: "a code is verified by a pure function of code, kit and time",
    },
    Rule {
        place: "client-core/src/transport/",
        but: &[],
        never: &[
            "crate::store",
            "crate::model",
            "crate::engine",
            "crate::driver",
            "crate::client",
            "rusqlite",
            "automerge",
        ],
        why: "transport carries messages, whatever they say",
    },
    Rule {
        place: "client-core/src/",
        but: &["client-core/src/store/"],
        never: &["rusqlite"],
        why: "all SQL of the phone lives in its store",
    },
    Rule {
        place: "client-core/src/",
        but: &["client-core/src/clock.rs"],
        never: &["SystemTime", "Instant::now", "getrandom::"],
        why: "clock is the only reader of time and randomness",
    },
    Rule {
        place: "client-core/src/",
        but: &["client-core/src/transport/http", "client-core/src/bin/"],
        never: &["std::thread", "thread::spawn"],
        why: "no threads outside the features http and cli",
    },
    Rule {
        place: "client-core/src/",
        but: &[
            "client-core/src/clock.rs",
            "client-core/src/transport/http",
            "client-core/src/bin/",
        ],
        never: &["std::time"],
        why: "no std::time outside clock (a time-out of the HTTP transport and the terminal client apart)",
    },
    Rule {
        place: "client-core/",
        but: &[],
        never: &["tokio", "axum", "yizhan_server"],
        why: "client-core runs on a phone: no runtime, no relay",
    },
    Rule {
        place: "server/src/relay/",
        but: &[],
        never: &[
            "axum",
            "crate::routes",
            "crate::router",
            "crate::auth",
            "rusqlite",
            "crate::cli",
        ],
        why: "relay decides; it knows neither HTTP nor SQL",
    },
    Rule {
        place: "server/src/store/",
        but: &[],
        never: &[
            "axum",
            "crate::routes",
            "crate::router",
            "crate::auth",
            "crate::relay",
            "crate::cli",
        ],
        why: "store keeps; it knows neither HTTP nor what is decided with it",
    },
    Rule {
        place: "server/src/auth/",
        but: &[],
        never: &[
            "axum",
            "rusqlite",
            "crate::routes",
            "crate::router",
            "crate::cli",
        ],
        why: "auth judges tokens and signatures; HTTP hands them in",
    },
    Rule {
        place: "server/src/audit/",
        but: &[],
        never: &[
            "axum",
            "rusqlite",
            "tokio",
            "async fn",
            "std::fs",
            "crate::store",
            "crate::relay",
            "crate::routes",
            "crate::cli",
            "crate::clock",
        ],
        why: "the audit log's bytes and chain are pure: who appends and who verifies run the same",
    },
    Rule {
        place: "server/src/",
        but: &["server/src/store/"],
        never: &["rusqlite"],
        why: "all SQL of the relay lives in its store",
    },
    Rule {
        place: "server/src/",
        but: &["server/src/clock.rs"],
        never: &["SystemTime", "Instant::now", "getrandom::"],
        why: "clock is the only reader of time and randomness",
    },
    Rule {
        place: "server/",
        but: &[],
        never: &[
            "yizhan_client_core::store",
            "yizhan_client_core::client",
            "yizhan_client_core::engine",
        ],
        why: "the relay shares the model with the phone, and nothing else",
    },
];

#[test]
fn every_arrow_points_one_way() {
    let sources = files(&[".rs"]);
    let mut broken = Vec::new();
    for rule in RULES {
        let mut seen = false;
        for source in sources.iter().filter(|source| {
            source.path.starts_with(rule.place)
                && !rule.but.iter().any(|but| source.path.starts_with(but))
        }) {
            seen = true;
            for (number, code) in source.code() {
                for name in rule.never.iter().filter(|name| code.contains(**name)) {
                    broken.push(format!(
                        "{}:{number} names `{name}`: {}",
                        source.path, rule.why
                    ));
                }
            }
        }
        assert!(seen, "no file under {}: the rule holds nothing", rule.place);
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// What the crates may depend on, read from the resolved tree and not from a manifest.
#[test]
fn the_phone_carries_no_runtime() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for features in ["", "store"] {
        let tree = std::process::Command::new(&cargo)
            .current_dir(root())
            .args([
                "tree",
                "--locked",
                "--offline",
                "--prefix",
                "none",
                "--edges",
                "normal",
            ])
            .args([
                "--package",
                "yizhan-client-core",
                "--no-default-features",
                "--features",
                features,
            ])
            .output()
            .expect("cargo runs");
        assert!(
            tree.status.success(),
            "{}",
            String::from_utf8_lossy(&tree.stderr)
        );
        let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
        assert!(
            tree.contains("automerge "),
            "a tree without automerge is not the tree"
        );
        for banned in [
            "tokio ",
            "axum ",
            "hyper ",
            "mio ",
            "ureq ",
            "yizhan-server ",
        ] {
            assert!(
                !tree.lines().any(|line| line.starts_with(banned)),
                "client-core with features [{features}] depends on {banned}"
            );
        }
    }
}

#[test]
fn crates_depend_in_one_direction() {
    let manifest = |name: &str| {
        std::fs::read_to_string(root().join(name).join("Cargo.toml"))
            .expect("a crate has a manifest")
    };
    assert!(!manifest("proto").contains("yizhan-client-core"));
    assert!(!manifest("proto").contains("yizhan-server"));
    assert!(!manifest("client-core").contains("yizhan-server"));
    assert!(!manifest("server").contains("yizhan-tests"));
    let workspace = manifest("");
    assert!(
        workspace
            .contains("yizhan-client-core = { path = \"client-core\", default-features = false }")
    );
    assert!(
        manifest("server").contains("yizhan-client-core.workspace = true\n"),
        "no feature of client-core"
    );
}
