//! Photos and papers with real processes: taken offline, sent after the documents, fetched when asked for.

use std::path::{Path, PathBuf};

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess};

use crate::{STATION, driver, keeper, relay_with_network};

/// A PNG that any program opens: 640 × 480 points, each its own shade, without compression.
fn picture() -> Vec<u8> {
    let (width, height) = (640_u32, 480_u32);
    let mut raw = Vec::new();
    for y in 0..height {
        raw.push(0);
        raw.extend((0..width * 3).map(|x| (x * 7 + y * 13).to_le_bytes()[0]));
    }
    let mut packed = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = raw.chunks(65_535).collect();
    for (n, block) in blocks.iter().enumerate() {
        packed.push(u8::from(n + 1 == blocks.len()));
        let len = u16::try_from(block.len()).expect("a block is short");
        packed.extend(len.to_le_bytes());
        packed.extend((!len).to_le_bytes());
        packed.extend(*block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &raw {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    packed.extend(((b << 16) | a).to_be_bytes());
    let mut head = Vec::new();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &head[..]), (b"IDAT", &packed), (b"IEND", &[])] {
        png.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
        let mut part = name.to_vec();
        part.extend(data);
        png.extend(&part);
        png.extend(crc(&part).to_be_bytes());
    }
    png
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// A file beside a phone's home, for it to attach.
fn file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file is written");
    path.to_string_lossy().into_owned()
}

/// Runs a command that must succeed.
fn does(phone: &PhoneProcess, args: &[&str]) {
    let said = phone.run(args);
    assert_eq!(said.code, 0, "{args:?}: {said:?}");
}

fn only(phone: &PhoneProcess) -> Value {
    let list = phone.ok(&["attachment", "list"]);
    let rows = list.as_array().expect("a list");
    assert_eq!(rows.len(), 1, "{list}");
    rows[0].clone()
}

#[test]
fn a_photo_taken_in_a_dead_zone_reaches_the_station_small_picture_first() {
    let (relay, data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let folder = tempfile::tempdir().expect("a folder");
    let photo = picture();
    let path = file(folder.path(), "轮胎.png", &photo);

    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    let added = li.ok(&["attachment", "add", "--visit", "last", &path]);
    assert_eq!(
        (&added["name"], &added["media_type"]),
        (&"轮胎.png".into(), &"image/png".into())
    );
    assert_eq!(
        li.ok(&["status"])["attachments"]["to_send"],
        2,
        "the photo and its small picture"
    );
    li.sync();
    assert_eq!(li.ok(&["status"])["attachments"]["to_send"], 0);
    assert_eq!(only(&li)["where"], "here");

    wang.sync();
    let seen = only(&wang);
    assert_eq!(
        (&seen["document"], &seen["where"]),
        (&visit.as_str().into(), &"away".into())
    );
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let address = relay.address().to_owned();
    assert_eq!(relay.stop(), 0);
    // The small picture came by itself; the photo needs the relay.
    let (thumb, full) = (out("small.jpg"), out("full.png"));
    does(
        &wang,
        &["attachment", "get", "last", "--out", &thumb, "--thumb"],
    );
    let small = std::fs::read(&thumb).expect("it was written");
    assert!(small.starts_with(&[0xff, 0xd8, 0xff]) && small.len() < 64 * 1024);
    let said = wang.run(&["attachment", "get", "last", "--out", &full]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(!PathBuf::from(&full).exists(), "no half of a photo");
    let _relay = RelayProcess::start_on(data.path(), &address);
    does(&wang, &["attachment", "get", "last", "--out", &full]);
    assert_eq!(std::fs::read(&full).expect("it was written"), photo);
    let again = wang.run(&["attachment", "get", "last", "--out", &full]);
    assert_eq!(again.code, 2, "nothing is overwritten: {again:?}");
}

#[test]
fn a_relay_killed_in_the_middle_of_an_upload_goes_on_where_it_was() {
    let (relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut paper = b"%PDF-1.7 ".to_vec();
    paper.extend(
        (0..8 * 1024 * 1024 - 9).map(|n: u32| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]),
    );
    let path = file(folder.path(), "合同.pdf", &paper);
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    does(&li, &["attachment", "add", "--visit", &visit, &path]);

    let mut syncing = li.start(&["--json", "sync"]);
    let parts = data.path().join("attachments/parts");
    let has_begun = || {
        let people = std::fs::read_dir(&parts).into_iter().flatten().flatten();
        people
            .filter_map(|person| std::fs::read_dir(person.path()).ok())
            .flat_map(|uploads| uploads.flatten())
            .filter_map(|upload| upload.metadata().ok())
            .any(|about| about.len() > 512 * 1024)
    };
    while !has_begun() && syncing.try_wait().expect("it runs").is_none() {
        std::thread::yield_now();
    }
    relay.kill();
    syncing.wait().expect("a sync ends by itself");
    let _relay = RelayProcess::start_on(data.path(), &address);
    let report = li.ok(&["sync"]);
    assert_eq!(report["attachment_bytes_left"], 0, "{report}");
    let sent = report["attachment_bytes"].as_u64().expect("a number");
    assert!(
        sent < paper.len() as u64,
        "what was there was not sent again: {report}"
    );
    assert_eq!(only(&li)["where"], "here");

    wang.sync();
    let out = folder.path().join("got.pdf").to_string_lossy().into_owned();
    does(&wang, &["attachment", "get", "last", "--out", &out]);
    assert!(std::fs::read(&out).expect("it was written") == paper);
}

#[test]
fn what_is_no_photo_and_no_paper_is_refused_by_name() {
    let li = PhoneProcess::new();
    let folder = tempfile::tempdir().expect("a folder");
    let station = "0199aaaa-0000-7000-8000-000000000001";
    let visit = li.run(&["visit", "start", "--station", station, "--name", "李师傅"]);
    let visit = if visit.code == 0 {
        visit.id()
    } else {
        li.run(&["visit", "start", "--station", station]).id()
    };
    let large = vec![0xff; 9 * 1024 * 1024];
    for (name, bytes, code) in [
        (
            "program.jpg",
            &b"MZ this is a program"[..],
            "attachment.type",
        ),
        ("empty.jpg", &[], "attachment.empty"),
        ("large.jpg", &large, "attachment.too_large"),
    ] {
        let path = file(folder.path(), name, bytes);
        let said = li.run(&["attachment", "add", "--visit", &visit, &path]);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(code), "{said:?}");
    }
    let missing = folder
        .path()
        .join("nowhere.jpg")
        .to_string_lossy()
        .into_owned();
    let said = li.run(&["attachment", "add", "--visit", &visit, &missing]);
    assert_eq!(said.code, 2, "{said:?}");
    let said = li.run(&["attachment", "add", &missing]);
    assert_eq!(said.code, 2, "it says that a document is needed: {said:?}");
    assert_eq!(li.ok(&["attachment", "list"]), Value::Array(vec![]));
}
