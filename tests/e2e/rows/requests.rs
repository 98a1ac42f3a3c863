//! The request express: raised at a station or an activity, verified, handled by a pair, answered,
//! rated; up the tree of desks; disputes; permits and errands.

use serde_json::Value;
use yizhan_tests::process::PhoneProcess;

use super::{STATION, Town, all_show, enter, in_both_orders, list, person, shows_nothing, text};

/// The desks: the station's own, the district's above it, and their people.
pub(super) struct Desks {
    pub(super) chen: PhoneProcess,
    pub(super) liu: PhoneProcess,
    /// Of the district's desk.
    he: PhoneProcess,
    /// Coordinates the region.
    wu: PhoneProcess,
}

pub(super) fn desks(town: &Town) -> Desks {
    let add = |key: &str, name: &str, rest: &[&str]| {
        let mut args = vec!["desk", "add", key, "--name", name, "--region", "zhaoyuan"];
        args.extend(rest);
        town.admin(&args);
    };
    add("zy-district", "招远市专班", &[]);
    add(
        "zy-home",
        "司机之家服务台",
        &["--parent", "zy-district", "--station", STATION],
    );
    let member = |name: &str, desk: &str| {
        let phone = town.relay.phone_of(name, &["driver"]);
        town.admin(&["desk", "member", "add", desk, &person(&phone)]);
        phone.sync();
        phone
    };
    let desks = Desks {
        chen: member("陈专员", "zy-home"),
        liu: member("刘专员", "zy-home"),
        he: member("何专员", "zy-district"),
        wu: town.relay.phone_of("吴协调员", &["coordinator@zhaoyuan"]),
    };
    desks.wu.sync();
    // The phones learn of the desks with their next sync.
    town.sync(&[&town.li, &town.wang, &desks.chen, &desks.liu]);
    desks
}

/// Raises a request at the station, of this class.
pub(super) fn raise(phone: &PhoneProcess, class: &str, title: &str, rest: &[&str]) -> String {
    let mut args = vec!["ticket", "raise", "--class", class, "--title", title];
    args.extend(rest);
    enter(phone, &args).id()
}

/// The steps from verified to resolved, on one phone without coverage.
pub(super) fn handled(town: &Town, desks: &Desks, ticket: &str, resolve: &[&str]) {
    let liu = person(&desks.liu);
    enter(
        &desks.chen,
        &["ticket", "verify", ticket, "--urgent", "属实"],
    );
    enter(&desks.chen, &["ticket", "assign", ticket, "me", &liu]);
    enter(&desks.chen, &["ticket", "start", ticket]);
    let mut args = vec!["ticket", "resolve", ticket];
    args.extend(resolve);
    enter(&desks.chen, &args);
    // Meanwhile, as far from coverage.
    enter(&town.li, &["ticket", "comment", ticket, "还在等消息"]);
    enter(&town.wang, &["ticket", "comment", ticket, "已联系货主"]);
}

fn states(shown: &Value) -> (String, usize) {
    let superseded = list(&shown["events"])
        .iter()
        .filter(|event| !event["superseded"].is_null())
        .count();
    (text(&shown["state"]), superseded)
}

#[test]
fn a_request_from_a_visit_and_one_from_an_activity_are_answered_and_rated() {
    in_both_orders(|town| {
        let desks = desks(town);
        let visit = enter(&town.li, &["visit", "start", "--station", STATION]).id();
        let day = [
            "activity",
            "create",
            "--station",
            STATION,
            "--type",
            "meeting",
            "--title",
            "诉求直通车",
            "--starts",
            "09:00",
            "--ends",
            "11:00",
        ];
        let day = enter(&town.wang, &day).id();
        let at_visit = raise(&town.li, "food", "夜里到站没有热饭", &["--visit", &visit]);
        town.sync(&[&town.li, &town.wang]);
        let id = person(&town.li);
        let at_activity = [
            "--activity",
            &day,
            "--driver",
            &id,
            "--name",
            "李师傅",
            "--station",
            STATION,
            "从三月起没有结清",
        ];
        let at_activity = raise(&town.wang, "pay", "运费被拖欠三个月", &at_activity);
        town.sync(&[&town.li, &town.wang, &desks.chen, &desks.liu]);

        handled(town, &desks, &at_visit, &["夜里加了热饭"]);
        let paid = ["--yuan", "36000.50", "货主已付清"];
        handled(town, &desks, &at_activity, &paid);
        let phones = [&town.li, &town.wang, &desks.chen, &desks.liu];
        town.sync(&phones);
        for ticket in [&at_visit, &at_activity] {
            let facts = ["属实", "还在等消息", "已联系货主"];
            let shown = all_show(&phones, &["ticket", "show", ticket], &facts);
            assert_eq!(states(&shown), ("resolved".to_owned(), 0), "{shown}");
            enter(&town.li, &["ticket", "rate", ticket, "5", "办得快"]);
        }
        town.sync(&phones);
        for ticket in [&at_visit, &at_activity] {
            let shown = all_show(&phones, &["ticket", "show", ticket], &["办得快"]);
            assert_eq!(states(&shown), ("closed".to_owned(), 0), "{shown}");
            assert_eq!(shown["rating"], 5);
        }
        let shown = town.li.ok(&["ticket", "show", &at_activity]);
        assert_eq!(shown["recovered_fen"], 3_600_050, "{shown}");
        assert_eq!(shown["activity"], day.as_str());
        assert_eq!(
            town.li.ok(&["ticket", "show", &at_visit])["visit"],
            visit.as_str()
        );
    });
}

#[test]
fn a_request_goes_up_the_tree_of_desks_and_leaves_the_one_below() {
    in_both_orders(|town| {
        let desks = desks(town);
        let text = ["--station", STATION, "跨市的货主"];
        let ticket = raise(&town.li, "labour", "没有签劳动合同", &text);
        town.sync(&[&town.li, &desks.chen, &desks.wu, &desks.he]);
        shows_nothing(&desks.he, &["ticket", "show", &ticket]);
        enter(&desks.chen, &["ticket", "note", &ticket, "货主有前例"]);
        enter(&desks.chen, &["ticket", "verify", &ticket]);
        town.sync(&[&desks.chen, &desks.wu]);

        // Offline: the coordinator sends it up while the driver adds to it.
        enter(&desks.wu, &["ticket", "escalate", &ticket, "跨市"]);
        enter(&town.li, &["ticket", "comment", &ticket, "合同照片在家里"]);
        town.sync(&[&desks.wu, &town.li, &desks.chen, &desks.he]);
        shows_nothing(&desks.chen, &["ticket", "show", &ticket]);
        let facts = ["跨市", "合同照片在家里", "zy-district"];
        all_show(
            &[&town.li, &desks.he, &desks.wu],
            &["ticket", "list"],
            &[&ticket],
        );
        for phone in [&town.li, &desks.he, &desks.wu] {
            all_show(&[phone], &["ticket", "show", &ticket], &facts);
        }
        all_show(
            &[&desks.he, &desks.wu],
            &["ticket", "show", &ticket],
            &["货主有前例"],
        );
        let of_driver = town.li.ok(&["ticket", "show", &ticket]).to_string();
        assert!(
            !of_driver.contains("货主有前例"),
            "an internal note: {of_driver}"
        );

        // The desk above gives it to a pair of its own.
        let wu = person(&desks.wu);
        enter(&desks.he, &["ticket", "assign", &ticket, "me", &wu]);
        enter(&desks.he, &["ticket", "start", &ticket]);
        enter(&town.li, &["ticket", "comment", &ticket, "照片已补"]);
        town.sync(&[&desks.he, &town.li, &desks.wu]);
        let shown = all_show(
            &[&desks.he, &desks.wu],
            &["ticket", "show", &ticket],
            &["照片已补"],
        );
        assert_eq!(states(&shown), ("handling".to_owned(), 0), "{shown}");
    });
}

#[test]
fn a_dispute_is_mediated_between_its_parties_with_an_outcome() {
    in_both_orders(|town| {
        let desks = desks(town);
        let about = [
            "--station",
            STATION,
            "--about-text",
            "招远某货主",
            "货损赔偿谈不拢",
        ];
        let ticket = raise(
            &town.li,
            "dispute",
            "与货主因货损赔偿有争议,请求调解",
            &about,
        );
        town.sync(&[&town.li, &town.wang, &desks.chen, &desks.liu]);
        let party = |phone, role: &str, name: &str| {
            enter(
                phone,
                &[
                    "ticket",
                    "party",
                    &ticket,
                    role,
                    name,
                    "--contact",
                    "0535-1",
                ],
            );
        };
        party(&town.li, "merchant", "招远某货主");
        party(&desks.liu, "company", "某物流公司");
        handled(
            town,
            &desks,
            &ticket,
            &["--outcome", "settled", "--yuan", "1200", "双方签了调解书"],
        );
        let phones = [&town.li, &town.wang, &desks.chen, &desks.liu];
        town.sync(&phones);
        let facts = [
            "招远某货主",
            "某物流公司",
            "merchant",
            "company",
            "双方签了调解书",
        ];
        let shown = all_show(&phones, &["ticket", "show", &ticket], &facts);
        assert_eq!(shown["outcome"], "settled");
        assert_eq!(shown["recovered_fen"], 120_000);
        assert_eq!(list(&shown["parties"]).len(), 2);
    });
}

#[test]
fn permits_and_errands_are_asked_for_and_handled_for_the_driver() {
    in_both_orders(|town| {
        let desks = desks(town);
        let at = ["--station", STATION];
        let permit = raise(&town.li, "permit", "道路运输证换发要跑几个窗口", &at);
        let errand = raise(&town.li, "errand", "帮忙寄一份合同", &at);
        town.sync(&[&town.li, &town.wang, &desks.chen, &desks.liu]);
        handled(town, &desks, &permit, &["一个窗口办完了"]);
        // The errand is taken back while the desk verifies it, both without coverage: both are
        // kept, and which of them counts is the relay's order.
        enter(&town.li, &["ticket", "withdraw", &errand, "已经寄了"]);
        enter(&desks.chen, &["ticket", "verify", &errand, "可以代办"]);
        let phones = [&town.li, &town.wang, &desks.chen, &desks.liu];
        town.sync(&phones);
        let shown = all_show(&phones, &["ticket", "show", &permit], &["一个窗口办完了"]);
        assert_eq!(states(&shown), ("resolved".to_owned(), 0));
        let facts = ["已经寄了", "可以代办"];
        let shown = all_show(&phones, &["ticket", "show", &errand], &facts);
        // Withdrawn either way; verifying counts only if it came first.
        let superseded = usize::from(!town.last_first);
        assert_eq!(
            states(&shown),
            ("withdrawn".to_owned(), superseded),
            "{shown}"
        );
        let reviews = desks.chen.ok(&["ticket", "review"]);
        assert_eq!(list(&reviews).len(), superseded, "{reviews}");
    });
}
