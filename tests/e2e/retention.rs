//! Documents that grow old, with real processes: what an operator types, and what people see.

use jiff::tz::TimeZone;
use yizhan_server::clock::{Clock as _, SystemClock};
use yizhan_tests::process::{NETWORK, RelayProcess, run};

use crate::{STATION, driver, keeper};

/// So many days ago, as a person types it.
fn days_ago(days: i64) -> String {
    let ms = SystemClock::new().now().as_ms() - days * 86_400_000;
    let time = jiff::Timestamp::from_millisecond(ms).expect("a time");
    let zoned = time.to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%d %H:%M").to_string()
}

/// An arrival that a driver notes weeks later goes to the relay and stays on the driver's phone; the
/// keeper's tablet has what its own period allows. After a restart with a longer one it has all.
#[test]
fn what_is_too_old_for_the_station_is_the_drivers_until_the_operator_keeps_it_longer() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let listen = "127.0.0.1:0";
    let keep = ["--keep", "all=20d", "--keep", "driver-visits=12mo"];
    let relay = RelayProcess::start_with(data.path(), listen, &keep);
    let address = relay.address().to_owned();
    assert_eq!(relay.admin(&["station", "import", NETWORK]).code, 0);
    let (wang, li) = (keeper(&relay, "王站长"), driver(&relay, "李师傅"));
    for days in [2, 25] {
        let at = days_ago(days);
        drop(li.ok(&["visit", "start", "--station", STATION, "--at", &at]));
    }
    li.sync();
    wang.sync();
    let visits = |phone: &yizhan_tests::process::PhoneProcess| {
        let listed = phone.ok(&["visit", "list"]);
        listed.as_array().map_or(0, Vec::len)
    };
    assert_eq!((visits(&li), visits(&wang)), (2, 1));
    let status = relay.admin(&["status"]).json();
    assert_eq!(status["retired"], 1, "{status}");
    assert_eq!(relay.stop(), 0);

    let relay = RelayProcess::start_with(data.path(), &address, &["--keep", "all=off"]);
    let everything = || relay.admin(&["status"]).json()["retired"] == 0;
    while !everything() {
        std::thread::yield_now();
    }
    wang.sync();
    assert_eq!((visits(&li), visits(&wang)), (2, 2));
    assert_eq!(relay.stop(), 0);
}

#[test]
fn a_period_that_is_none_is_a_mistake_of_usage_and_says_what_there_is() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let data = data.path().to_string_lossy().into_owned();
    for (keep, word) in [
        ("visits=30d", "driver-visits"),
        ("station-visits", "station-visits=30d"),
        ("station-visits=1d", "7d"),
        ("station-visits=三十天", "12mo"),
    ] {
        let said = run("yizhan", &["--data", &data, "serve", "--keep", keep]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(word), "{keep}: {said:?}");
    }
}
