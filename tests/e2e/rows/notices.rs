//! News: published offline, read offline.

use super::{STATION, all_show, enter, in_both_orders, list, shows_nothing};
use crate::keeper;

#[test]
fn news_is_read_offline_by_those_it_is_for() {
    in_both_orders(|town| {
        let colleague = keeper(&town.relay, "周站长");
        let lead = town.relay.phone_of("吴协调员", &["coordinator@zhaoyuan"]);
        lead.sync();
        let publish = |phone, title: &str, rest: &[&str]| {
            let mut args = vec!["notice", "publish", "--title", title];
            args.extend(rest);
            enter(phone, &args).id()
        };
        let water = publish(
            &town.wang,
            "今晚停水",
            &["--station", STATION, "22点到6点停水"],
        );
        let rota = publish(
            &town.wang,
            "排班",
            &["--station", STATION, "--keepers-only", "周六请早到"],
        );
        let snow = publish(
            &lead,
            "暴雪封路",
            &["--region", "zhaoyuan", "--level", "urgent", "G18招远段封闭"],
        );
        town.sync(&[&town.wang, &lead, &town.li, &colleague]);

        let everybody = [&town.li, &town.wang, &colleague, &lead];
        all_show(
            &everybody,
            &["notice", "show", &water],
            &["今晚停水", "22点到6点停水"],
        );
        all_show(
            &everybody,
            &["notice", "show", &snow],
            &["暴雪封路", "urgent"],
        );
        all_show(
            &[&town.wang, &colleague],
            &["notice", "show", &rota],
            &["周六请早到"],
        );
        shows_nothing(&town.li, &["notice", "show", &rota]);
        let read = town.li.ok(&["notice", "list"]);
        let titles: Vec<&str> = list(&read)
            .iter()
            .filter_map(|row| row["title"].as_str())
            .collect();
        assert_eq!(titles, ["暴雪封路", "今晚停水"], "the most urgent first");

        enter(&lead, &["notice", "withdraw", &snow]);
        town.sync(&[&lead, &town.li]);
        assert_eq!(list(&town.li.ok(&["notice", "list"])).len(), 1);
        all_show(
            &[&town.li, &lead],
            &["notice", "show", &snow],
            &["withdrawn_at"],
        );
    });
}
