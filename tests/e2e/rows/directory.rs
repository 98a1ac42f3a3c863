//! Stations by region: facilities, hours, beds free.

use super::{STATION, all_show, enter, in_both_orders, list};
use crate::driver;

#[test]
fn a_keeper_keeps_the_stations_entry_and_everybody_reads_it_by_region() {
    in_both_orders(|town| {
        let sun = driver(&town.relay, "孙师傅");
        let said = [
            "--beds-free",
            "6",
            "--hours",
            "全天",
            "--phone",
            "0535-8123456",
            "--open",
            "yes",
            "--notice",
            "今晚有热饭",
            "--offer",
            "shower",
            "--stop",
            "tv",
        ];
        let mut args = vec!["station", "set", STATION];
        args.extend(said);
        enter(&town.wang, &args);
        town.sync(&[&town.wang, &town.li, &sun]);

        let phones = [&town.wang, &town.li, &sun];
        let shown = all_show(
            &phones,
            &["station", "show", STATION],
            &["全天", "0535-8123456", "今晚有热饭", "shower"],
        );
        assert_eq!(shown["beds_free"], 6);
        assert_eq!(shown["beds_total"], 28);
        assert_eq!(shown["open"], true);
        assert!(!shown["facilities"].to_string().contains("\"tv\""));
        let region = all_show(
            &phones,
            &["station", "list", "--region", "zhaoyuan"],
            &[STATION],
        );
        assert_eq!(list(&region).len(), 2);
        let all = all_show(&phones, &["station", "list"], &["cz-sanjing", STATION]);
        assert_eq!(list(&all).len(), 12);
    });
}
