//! The operator's desks, roles, and people who are one, over the admin API.

use serde_json::{Value, json};

use super::*;

impl Fixture {
    async fn operator(&self, method: Method, path: &str, body: Value) -> Answered {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/admin/{path}"))
            .header("authorization", self.admin())
            .header("content-type", "application/json");
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn person(&self, name: &str, role: &str) -> String {
        let new = json!({"name": name, "roles": [role]});
        let person = self.operator(Method::POST, "people", new).await.json();
        person["id"].as_str().unwrap().to_owned()
    }
}

/// At the desk `east`.
async fn somebody_joins_and_leaves(fixture: &Fixture) {
    let wang = fixture.person("王专员", "driver").await;
    let member = json!({"person": wang, "classes": ["legal"]});
    let desk = fixture
        .operator(Method::POST, "desks/east/members", member)
        .await
        .json();
    assert_eq!(desk["members"][0]["name"], "王专员");
    let people = fixture
        .operator(Method::GET, "people", Value::Null)
        .await
        .json();
    assert_eq!(people[0]["roles"], json!(["driver", "specialist@east"]));
    let path = format!("desks/east/members/{wang}");
    let desk = fixture
        .operator(Method::DELETE, &path, Value::Null)
        .await
        .json();
    assert_eq!(desk["members"], json!([]));
}

#[tokio::test]
async fn the_operator_builds_a_tree_of_desks_and_says_who_belongs_to_each() {
    let fixture = fixture(HttpLimits::default());
    let network = serde_json::from_str(include_str!("../../../../data/network.json")).unwrap();
    fixture
        .operator(Method::POST, "stations/import", network)
        .await
        .json();
    let add = |new: Value| fixture.operator(Method::POST, "desks", new);
    let root = json!({"id": "root", "name": "市专班", "region": "zhaoyuan"});
    assert_eq!(add(root).await.json()["parent"], Value::Null);
    let east = json!({"id": "east", "name": "东站服务台", "region": "zhaoyuan", "parent": "root",
        "station": "zy-xinglongsheng", "classes": ["pay"]});
    let made = add(east).await.json();
    assert_eq!(
        (&made["id"], &made["parent"]),
        (&json!("east"), &json!("root"))
    );
    for (new, code) in [
        (
            json!({"id": "东", "name": "x", "region": "zhaoyuan"}),
            "request.invalid",
        ),
        (
            json!({"id": "x", "name": "x", "region": "mars"}),
            "request.not_found",
        ),
        (
            json!({"id": "root", "name": "x", "region": "zhaoyuan", "parent": "east"}),
            "request.invalid",
        ),
        (
            json!({"id": "x", "name": "x", "region": "zhaoyuan", "station": "?"}),
            "request.not_found",
        ),
        (json!({"id": "x"}), "request.malformed"),
    ] {
        let text = new.to_string();
        assert_eq!(add(new).await.problem().code, code, "{text}");
    }

    somebody_joins_and_leaves(&fixture).await;
    let remove = |key| fixture.operator(Method::DELETE, key, Value::Null);
    let problem = remove("desks/root").await.problem();
    assert!(
        problem.detail.contains("1 desks lie under"),
        "{}",
        problem.detail
    );
    assert_eq!(remove("desks/east").await.json()["id"], "east");
    assert_eq!(
        remove("desks/east").await.problem().code,
        "request.not_found"
    );
    let desks = fixture
        .operator(Method::GET, "desks", Value::Null)
        .await
        .json();
    assert_eq!(desks.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_operator_finds_one_person_in_two() {
    let fixture = fixture(HttpLimits::default());
    let one = fixture.person("李 师傅", "driver").await;
    let two = fixture.person("李师傅", "operator").await;
    let pairs = fixture
        .operator(Method::GET, "duplicates", Value::Null)
        .await
        .json();
    assert_eq!(pairs[0]["first"]["id"], json!(one));
    assert_eq!(
        (&pairs[0]["other"]["id"], &pairs[0]["why"]),
        (&json!(two), &json!(["name"]))
    );

    let path = format!("people/{one}/merge");
    let merge = |other: &str| fixture.operator(Method::POST, &path, json!({"other": other}));
    assert_eq!(merge(&one).await.problem().code, "request.invalid");
    let merged = merge(&two).await.json();
    assert_eq!(merged["aliases"], json!([two]));
    assert_eq!(merged["roles"], json!(["driver", "operator"]));
    assert_eq!(merge(&two).await.json(), merged);
    let pairs = fixture
        .operator(Method::GET, "duplicates", Value::Null)
        .await
        .json();
    assert_eq!(pairs, json!([]));
    let end = format!("people/{one}/roles/operator");
    let person = fixture
        .operator(Method::DELETE, &end, Value::Null)
        .await
        .json();
    assert_eq!(person["roles"], json!(["driver"]));
}
