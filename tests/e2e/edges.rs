//! The edge over real sockets: slow readers and writers, too many connections, too many requests.
//! Whoever does that is cut off or told to come back; everybody else is served meanwhile.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use yizhan_client_core::clock::{Clock as _, SystemClock};
use yizhan_tests::clock::MINUTE_MS;

use crate::inside::{Relay, until_the_end};

/// Sends bytes one by one until the relay takes no more.
fn drip(stream: &mut TcpStream, bytes: impl IntoIterator<Item = u8>) -> usize {
    let mut sent = 0;
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .expect("a timeout");
    for byte in bytes {
        if stream.write_all(&[byte]).is_err() {
            return sent;
        }
        sent += 1;
        // The time between two bytes, which is also when the relay's end is seen.
        match stream.read(&mut [0; 512]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(_) | Err(_) => return sent,
        }
    }
    panic!("the relay waited for every byte");
}

#[test]
fn a_head_that_drips_or_never_comes_is_not_waited_for() {
    let relay = Relay::start(|limits| limits.head_timeout = Duration::from_millis(600));
    let mut silent: Vec<TcpStream> = (0..100).map(|_| relay.connect()).collect();
    let head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-drip: "
        .iter()
        .copied();
    let sent = drip(
        &mut relay.connect(),
        head.chain(std::iter::repeat_n(b'a', 8_000)),
    );
    assert!(sent > 10, "it was heard for a while: {sent}");
    relay.serves_others();
    for stream in &mut silent {
        assert_eq!(until_the_end(stream), "");
    }
}

#[test]
fn a_second_request_has_time_of_its_own_and_an_idle_connection_ends() {
    let relay = Relay::start(|limits| {
        limits.head_timeout = Duration::from_millis(600);
        limits.idle_timeout = Duration::from_millis(1_500);
    });
    let mut stream = relay.connect();
    for _ in 0..3 {
        let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        let (first, rest) = request.split_at(7);
        stream.write_all(first).expect("it is sent");
        relay.serves_others();
        stream.write_all(rest).expect("it is sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            answer.extend_from_slice(&byte);
        }
    }
    assert_eq!(until_the_end(&mut stream), "", "closed without a word");
}

#[test]
fn a_body_that_stops_is_answered_and_one_that_drips_has_its_time() {
    let relay = Relay::start(|limits| {
        limits.body_idle_timeout = Duration::from_millis(600);
        limits.request_timeout = Duration::from_millis(2_500);
    });
    let head = "POST /v1/pair HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: 5000\r\n\r\n";
    let mut stopped = relay.connect();
    stopped.write_all(head.as_bytes()).expect("it is sent");
    stopped.write_all(b"abc").expect("it is sent");
    let answer = until_the_end(&mut stopped);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("request.timed_out"), "{answer}");
    let mut dripping = relay.connect();
    dripping.write_all(head.as_bytes()).expect("it is sent");
    let sent = drip(&mut dripping, std::iter::repeat_n(b'a', 4_999));
    assert!(sent > 20, "it was heard for a while: {sent}");
    relay.serves_others();
}

#[test]
fn a_reader_that_takes_nothing_is_cut() {
    let relay = Relay::start(|limits| limits.write_timeout = Duration::from_millis(600));
    let mut stream = relay.connect();
    let request = "GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50);
    // Asks and never reads: what is on the way fills up, then the relay cannot write.
    let mut sent = 0_usize;
    let cut = loop {
        match stream.write(request.as_bytes()) {
            Ok(bytes) => sent += bytes,
            Err(error) => break error,
        }
        assert!(sent < 1 << 28, "the relay goes on for ever");
    };
    assert!(
        matches!(
            cut.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
        "{cut}"
    );
    relay.serves_others();
}

/// Begins a watch on a connection; the head of the answer has come when this returns.
fn watched(stream: &mut TcpStream, token: &str) -> String {
    let request =
        format!("GET /v1/watch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("an answer");
    String::from_utf8_lossy(&status).into_owned()
}

/// All that is said is a comment every millisecond: what fills up are the buffers of a listener that
/// reads nothing, and of nobody else.
#[test]
fn a_watch_that_nobody_reads_is_cut_and_others_hear_on() {
    let relay = Relay::start(|limits| {
        limits.watches_max = 2;
        // Whoever waits for room asks without a pause.
        let rates = &mut limits.rates;
        (rates.device_per_min, rates.person_per_min) = (0, 0);
        (rates.address_per_min, limits.connections_per_address_max) = (0, 10_000);
        limits.keep_alive = Duration::from_millis(1);
        limits.write_timeout = Duration::from_millis(600);
        limits.send_buffer_bytes = Some(4_096);
    });
    let station = relay.station();
    let mut phones = ["李师傅", "孙师傅", "赵师傅"].map(|name| relay.phone(name));
    let [asleep, awake, later] = phones.each_mut().map(|phone| {
        assert_eq!(phone.sync(), None);
        phone.client.access_token().expect("a token")
    });
    let mut stalled = relay.connect_narrow();
    assert_eq!(watched(&mut stalled, &asleep), "HTTP/1.1 200");
    let mut hearing = relay.connect();
    assert_eq!(watched(&mut hearing, &awake), "HTTP/1.1 200");
    let (heard, moves) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(hearing).lines().map_while(Result::ok);
        let mut moved = lines.filter(|line| line.starts_with("data:"));
        moved.all(|line| heard.send(line).is_ok())
    });
    // There is room for two: a third finds some once the one that stalled is cut.
    let clock = SystemClock::new();
    let mut tries = 0;
    loop {
        let said = watched(&mut relay.connect(), &later);
        if said == "HTTP/1.1 200" {
            break;
        }
        assert_eq!(said, "HTTP/1.1 503", "after {tries} tries");
        assert!(clock.elapsed_ms() < 30_000, "after {tries} tries");
        tries += 1;
    }
    assert!(tries > 0, "there was room for two");
    // Whoever reads hears on.
    phones[1].log_visit(station);
    assert_eq!(phones[1].sync(), None);
    let person = phones[1].client.author().expect("a person").person;
    let moved = moves
        .recv_timeout(Duration::from_secs(30))
        .expect("it moved");
    assert!(
        moved.contains(&format!("person:{person}")) || moved.contains("station:"),
        "{moved}"
    );
    assert!(until_the_end(&mut stalled).len() < 64 * 1024);
    relay.serves_others();
}

#[test]
fn one_address_has_its_share_of_connections() {
    let relay = Relay::start(|limits| limits.connections_per_address_max = 50);
    let kept: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = relay.connect();
            stream
                .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
                .expect("it is sent");
            let mut piece = [0; 15];
            stream.read_exact(&mut piece).expect("an answer");
            assert_eq!(&piece, b"HTTP/1.1 200 OK");
            stream
        })
        .collect();
    for _ in 0..150 {
        let refused = until_the_end(&mut relay.connect());
        assert!(
            refused.is_empty()
                || refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: "),
            "{refused}"
        );
    }
    // Room is made by who goes.
    drop(kept);
    let mut tries = 0;
    while !relay
        .status("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .ends_with("200 OK")
    {
        tries += 1;
        assert!(tries < 10_000, "no room is made");
    }
}

#[test]
fn a_trusted_proxy_stands_for_many_and_each_of_them_has_their_own_allowance() {
    let relay = Relay::start(|limits| {
        limits.connections_per_address_max = 1;
        limits.rates.address_anonymous_per_min = 3;
        limits.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    });
    let _kept: Vec<TcpStream> = (0..20).map(|_| relay.connect()).collect();
    let asked = |address: &str| {
        relay.status(&format!(
            "GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 9.9.9.9, {address}\r\nconnection: close\r\n\r\n"
        ))
    };
    for _ in 0..3 {
        assert_eq!(asked("203.0.113.7"), "HTTP/1.1 200 OK");
    }
    assert_eq!(asked("203.0.113.7"), "HTTP/1.1 429 Too Many Requests");
    assert_eq!(asked("203.0.113.8"), "HTTP/1.1 200 OK");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let relay = Relay::start(|_| ());
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
        "a".repeat(17 * 1024)
    );
    let many = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x-many: a\r\n".repeat(65)
    );
    for request in [long, many] {
        let status = relay.status(&request);
        assert_eq!(status, "HTTP/1.1 431 Request Header Fields Too Large");
    }
}

#[test]
fn a_phone_that_asks_too_often_loses_nothing_and_holds_up_nobody() {
    let relay = Relay::start(|limits| limits.rates.device_per_min = 10);
    let station = relay.station();
    let (mut busy, mut calm) = (relay.phone("赵师傅"), relay.phone("李师傅"));
    let mut limited = 0;
    for _ in 0..30 {
        busy.log_visit(station);
        match busy.sync().as_deref() {
            None => {}
            Some("relay.rate_limited") => limited += 1,
            Some(other) => panic!("{other}"),
        }
    }
    assert!(limited >= 10, "{limited}");
    assert!(busy.unsent() > 0);
    calm.log_visit(station);
    assert_eq!(calm.sync(), None);
    assert_eq!(calm.unsent(), 0);
    relay.time.pass_ms(2 * MINUTE_MS);
    assert_eq!(busy.sync(), None);
    assert_eq!(busy.unsent(), 0, "all thirty visits are at the relay");
}

#[test]
fn what_is_over_a_quota_stays_on_the_phone_and_goes_the_next_day() {
    let relay = Relay::start_with(|config| {
        config.relay.quotas.person_documents_per_day_max = 5;
    });
    let station = relay.station();
    let (mut eager, mut calm) = (relay.phone("赵师傅"), relay.phone("李师傅"));
    for _ in 0..8 {
        eager.log_visit(station);
    }
    let report = eager.client.sync(&mut eager.transport).expect("a sync");
    assert_eq!((report.sent, report.put_off, report.refused), (5, 3, 0));
    assert_eq!(eager.unsent(), 3, "they are still to be sent");
    calm.log_visit(station);
    assert_eq!(calm.sync(), None);
    assert_eq!(calm.unsent(), 0, "another person's day is another");
    relay.time.pass_ms(24 * 60 * MINUTE_MS);
    assert_eq!(eager.sync(), None);
    assert_eq!(eager.unsent(), 0);
}

#[test]
fn wrong_keys_of_the_operator_are_counted() {
    let relay = Relay::start(|_| ());
    let tried = |key: &str| {
        relay.status(&format!(
            "GET /v1/admin/status HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        ))
    };
    let genuine = relay.running.admin_key.clone();
    for _ in 0..1_000 {
        assert_eq!(tried(&genuine), "HTTP/1.1 200 OK");
    }
    for _ in 0..20 {
        assert_eq!(tried("0000"), "HTTP/1.1 401 Unauthorized");
    }
    assert_eq!(tried("0000"), "HTTP/1.1 429 Too Many Requests");
    relay.time.pass_ms(MINUTE_MS);
    assert_eq!(tried(&genuine), "HTTP/1.1 200 OK");
}
