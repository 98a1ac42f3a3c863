//! The counter of a driver home: rooms and beds, what is given and how much of it, care packs.

use super::{STATION, all_show, enter, in_both_orders, list, person};

#[test]
fn a_driver_home_gives_services_by_quantity_and_knows_its_beds() {
    in_both_orders(|town| {
        let plate = [
            "--plate",
            "鲁F12345",
            "--want",
            "bed",
            "--want",
            "meal_heating",
        ];
        let mut args = vec!["visit", "start", "--station", STATION];
        args.extend(plate);
        let visit = enter(&town.li, &args).id();
        town.sync(&[&town.li, &town.wang]);

        // Both offline: what is asked for, and what is given in the five zones.
        enter(
            &town.li,
            &["visit", "want", &visit, "storage", "--quantity", "2"],
        );
        enter(&town.li, &["visit", "note", &visit, "车停在后院"]);
        let given = [
            ("bed", "1"),
            ("meal", "2"),
            ("heating_cooling", "1"),
            ("vehicle_check", "1"),
            ("vehicle_repair", "1"),
            ("insurance", "1"),
            ("reading", "3"),
        ];
        for (service, quantity) in given {
            enter(
                &town.wang,
                &["visit", "serve", &visit, service, "--quantity", quantity],
            );
        }
        town.sync(&[&town.li, &town.wang]);

        let phones = [&town.li, &town.wang];
        let shown = all_show(
            &phones,
            &["visit", "show", &visit],
            &["鲁F12345", "车停在后院"],
        );
        let services = list(&shown["services"]);
        for (service, quantity) in given {
            let counted = services.iter().any(|given| {
                given["service"] == service && given["quantity"].as_u64() == quantity.parse().ok()
            });
            assert!(counted, "{service} x{quantity}: {services:?}");
        }
        let wanted = shown["requested"].to_string();
        for service in ["bed", "meal_heating", "storage"] {
            assert!(wanted.contains(service), "{wanted}");
        }

        let today = town.wang.ok(&["today"]);
        assert_eq!((&today["open"], &today["arrived"]), (&1.into(), &1.into()));
        assert_eq!(today["beds"]["given"], 1, "{today}");
        assert_eq!(today["beds"]["free"], 27, "{today}");
        enter(&town.li, &["visit", "end", &visit]);
        town.sync(&[&town.li, &town.wang]);
        assert_eq!(town.wang.ok(&["today"])["beds"]["free"], 28);
    });
}

#[test]
fn care_packs_are_handed_out_by_quantity_also_to_drivers_without_a_phone() {
    in_both_orders(|town| {
        let visit = enter(&town.li, &["visit", "start", "--station", STATION]).id();
        let guest = "01940000-0000-7000-8000-000000000009";
        let other = [
            "visit",
            "start",
            "--station",
            STATION,
            "--driver",
            guest,
            "--name",
            "过路的师傅",
        ];
        let other = enter(&town.wang, &other).id();
        enter(
            &town.wang,
            &["visit", "serve", &other, "supplies", "--quantity", "150"],
        );
        town.sync(&[&town.li, &town.wang]);
        enter(
            &town.wang,
            &["visit", "serve", &visit, "supplies", "--quantity", "250"],
        );
        enter(&town.li, &["visit", "rate", &visit, "5"]);
        town.sync(&[&town.li, &town.wang]);

        all_show(
            &[&town.li, &town.wang],
            &["visit", "show", &visit],
            &["supplies", "250"],
        );
        let rows = town.wang.ok(&["visit", "list"]);
        let packs: u64 = list(&rows)
            .iter()
            .filter_map(|row| row["services_given"].as_u64())
            .sum();
        assert_eq!(packs, 400, "{rows}");
        super::shows_nothing(&town.li, &["visit", "show", &other]);
        assert_ne!(person(&town.li), guest);
    });
}
