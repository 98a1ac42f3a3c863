//! Files as operators have them, and the words with which the broken ones are refused.

use super::*;

const NETWORK: &str = include_str!("../../../data/network.json");

#[test]
fn the_real_network_is_read_whole() {
    let import = read(NETWORK.as_bytes()).unwrap();
    assert_eq!(import.stations.len(), 12);
    let checked = checked(import).unwrap();
    assert_eq!(checked.stations.len(), 12);
    assert_eq!(
        checked.regions[0],
        ("changzhou".parse().unwrap(), "常州".to_owned())
    );
    let home = checked
        .stations
        .iter()
        .find(|station| station.key == "zy-xinglongsheng")
        .unwrap();
    assert_eq!((home.rooms, home.beds_total), (Some(8), Some(28)));
}

#[test]
fn a_spreadsheet_is_read_however_it_was_saved() {
    let plain =
        "key,region,name,type,facilities,beds_total\na-1,changzhou,一号驿站,repair,rest; bed,3\n";
    let expected = read(plain.as_bytes()).unwrap();
    assert_eq!(expected.stations[0].facilities, ["rest", "bed"]);
    assert_eq!(expected.stations[0].beds_total, Some(3));
    for text in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        plain.trim_end().to_owned(),
        plain.replace("key,region", "Key , Region"),
        "beds_total,type,name,facilities,region,key\n3,repair,一号驿站,rest;bed,changzhou,a-1\n"
            .to_owned(),
        "key,region,name,type,facilities,beds_total,hours\na-1,changzhou,\"一号驿站\",repair,rest;bed,3,\n"
            .to_owned(),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text}");
    }
}

#[test]
fn a_mistake_is_named_with_its_place() {
    let table = |row: &str| format!("key,region,name,type,facilities,beds_total,lat\n{row}\n");
    let good = "a-1,changzhou,一号,repair,rest,3,";
    let cases: Vec<(String, &[&str])> = vec![
        (String::new(), &["no stations"]),
        ("key,region,name\n".into(), &["line 1", "type"]),
        ("key,region,name,type,beds\n".into(), &["line 1", "beds"]),
        ("key,key,region,name,type\n".into(), &["line 1", "twice"]),
        (table("a-1,changzhou"), &["line 2", "2 fields"]),
        (
            table("A 1,changzhou,一号,repair,,,"),
            &["line 2", "column key"],
        ),
        (
            table("a-1,常州,一号,repair,,,"),
            &["line 2", "column region"],
        ),
        (
            table("a-1,changzhou,,repair,,,"),
            &["line 2", "column name", "empty"],
        ),
        (
            table("a-1,changzhou,一号,castle,,,"),
            &["line 2", "column type", "castle"],
        ),
        (
            table("a-1,changzhou,一号,repair,rest;pool,,"),
            &["line 2", "column facilities", "pool"],
        ),
        (
            table(&format!("{good}\na-2,changzhou,二号,repair,,many,")),
            &["line 3", "column beds_total", "many"],
        ),
        (
            table("a-1,changzhou,一号,repair,,10001,"),
            &["line 2", "beds_total"],
        ),
        (
            table("a-1,changzhou,一号,repair,,,91"),
            &["line 2", "column lat"],
        ),
        (
            table(&format!("{good}\n{good}")),
            &["a-1", "line 2 and line 3"],
        ),
        ("{\"stations\": [".into(), &["line 1"]),
        (
            "{\n\"stations\": [{\"key\": 3}]}".into(),
            &["line 2", "column"],
        ),
        (
            r#"{"stations":[{"key":"a","region":"x","name":"一","type":"castle"}]}"#.into(),
            &["station 1 (a)", "type", "castle"],
        ),
        (
            r#"{"regions":[{"id":"X","name":"y"}],"stations":[{"key":"a","region":"x","name":"一","type":"repair"}]}"#
                .into(),
            &["region X"],
        ),
    ];
    for (text, words) in cases {
        let said = read(text.as_bytes()).unwrap_err().to_string();
        for word in words {
            assert!(said.contains(word), "{text}\n→ {said}\nno word of {word}");
        }
    }
}

#[test]
fn another_encoding_is_named_and_a_huge_file_not_read() {
    assert_eq!(
        read(b"key,region\n\xb3\xa3,x\n"),
        Err(ImportFileError::NotUtf8 { byte: 11 })
    );
    assert_eq!(
        read(&vec![b' '; FILE_BYTES_MAX + 1]),
        Err(ImportFileError::TooLarge)
    );
}
