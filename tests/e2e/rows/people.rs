//! Registering at the counter by oneself, and being found twice.

use yizhan_tests::process::PhoneProcess;

use super::{STATION, all_show, enter, in_both_orders, list, person, text};

#[test]
fn who_registered_twice_is_found_and_made_one() {
    in_both_orders(|town| {
        let code = text(&town.admin(&["station", "qr", STATION])["url"]);
        let register = |phone: &PhoneProcess| {
            let said = phone.run(&["register", &code, "--name", "赵师傅"]);
            assert_eq!(said.code, 0, "{said:?}");
            phone.sync();
        };
        let (old, new) = (PhoneProcess::new(), PhoneProcess::new());
        // Written before the phone ever met a relay.
        let station = text(&town.wang.ok(&["station", "show", STATION])["id"]);
        let arrival = ["visit", "start", "--station", &station, "--name", "赵师傅"];
        let first = enter(&old, &arrival).id();
        register(&old);
        register(&new);
        assert_ne!(person(&old), person(&new), "two people, to the relay");

        // A keeper meets them, offline, and so does the other phone.
        let second = enter(&new, &["visit", "start", "--station", STATION]).id();
        let by_keeper = [
            "visit",
            "start",
            "--station",
            STATION,
            "--driver",
            &person(&old),
            "--name",
            "赵师傅",
        ];
        let third = enter(&town.wang, &by_keeper).id();

        let pairs = town.admin(&["person", "duplicates"]);
        let pair = list(&pairs)
            .iter()
            .find(|pair| pair.to_string().contains(&person(&new)))
            .unwrap_or_else(|| panic!("not found: {pairs}"));
        assert!(pair.to_string().contains(&person(&old)), "{pair}");
        town.admin(&["person", "merge", &person(&old), &person(&new)]);

        town.sync(&[&old, &new, &town.wang]);
        // Both phones are one person's: each shows every visit, and the keeper too.
        let phones = [&old, &new, &town.wang];
        for visit in [&first, &second, &third] {
            all_show(&phones, &["visit", "show", visit], &["赵师傅"]);
        }
        assert_eq!(person(&old), person(&new));
        let own = new.ok(&["history"]);
        assert_eq!(list(&own["visits"]).len(), 3, "{own}");
        // Nothing is found twice any more, and what is written goes on as one person.
        let again = town.admin(&["person", "duplicates"]);
        assert!(!again.to_string().contains("赵师傅"), "{again}");
        enter(&new, &["visit", "note", &first, "换了手机"]);
        town.sync(&phones);
        all_show(&phones, &["visit", "show", &first], &["换了手机"]);
    });
}
