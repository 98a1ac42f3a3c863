//! The watched stream.

use std::io::Write;
use std::ops::ControlFlow;

use yizhan_proto::{Fault, FaultCode, codec};

use super::super::{HttpTransport, Timeouts, Transport, TransportError, WatchEvent};
use super::{CBOR, answer, header, serve, serve_then};
use std::time::Duration;

#[test]
fn a_watched_relay_is_heard() {
    let events = "event: moved\ndata: region:a 7\n\nevent: pull\ndata:\n\n";
    let stream = ("content-type", "text/event-stream");
    for until in [1, 2, 9] {
        let (relay, served) = serve(answer("200 OK", &[stream], events.as_bytes()));
        let mut heard = Vec::new();
        HttpTransport::new(relay)
            .watch("a-token", &mut |event| {
                heard.push(event);
                if heard.len() == until {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .unwrap();
        let moved = WatchEvent::Moved("region:a 7".parse().unwrap());
        let all = [WatchEvent::Connected, moved, WatchEvent::Pull];
        assert_eq!(heard, all[..until.min(3)]);
        let arrived = served.join().unwrap();
        assert!(arrived.head.starts_with("get /v1/watch"));
        assert_eq!(
            header(&arrived.head, "authorization"),
            Some("bearer a-token")
        );
    }
}

#[test]
fn a_watch_that_is_refused_or_falls_silent_says_so() {
    let fault = Fault::new(FaultCode::TokenExpired, "Renew it.");
    let (relay, served) = serve(answer("401 Unauthorized", &[CBOR], &codec::encode(&fault)));
    let error = HttpTransport::new(relay)
        .watch("old", &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(matches!(error, TransportError::Fault(_)), "{error:?}");
    served.join().unwrap();

    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (relay, served) = serve_then(move |stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n";
        stream.write_all(head.as_bytes()).unwrap();
        // Open and silent until the test is over.
        let _ = wait.recv();
    });
    let timeouts = Timeouts {
        silence: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let error = HttpTransport::with_timeouts(relay, timeouts)
        .watch("a-token", &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(
        matches!(error, TransportError::TimedOut { .. }),
        "{error:?}"
    );
    drop(done);
    served.join().unwrap();
}
