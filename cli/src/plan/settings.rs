//! Settings as they are declared, and as they are.

use serde_json::{Map, Value};

use super::document::{Action, Setting, Step};
use crate::project::{Declared, LEVEL};
use avow_domain::Config;

/// What is declared and is not so.
pub(super) fn changed(declared: &Declared, own: Option<&Map<String, Value>>) -> Vec<Setting> {
    let mut changed = Vec::new();
    for (name, to) in declared.settings() {
        let from = own.and_then(|own| own.get(&name)).cloned().unwrap_or_default();
        if !same(&name, &from, &to) {
            changed.push(Setting { name, from, to });
        }
    }
    changed
}

/// Whether two values mean the same: registries fill in what metadata and rules leave out.
fn same(name: &str, a: &Value, b: &Value) -> bool {
    let meant = |value: &Value| {
        let config: Config =
            serde_json::from_value(Value::Object([(name.to_owned(), value.clone())].into_iter().collect())).ok()?;
        // A setting that is not known here is compared as it is written.
        (config != Config::default()).then_some(config)
    };
    a == b || meant(a).is_some_and(|a| Some(a) == meant(b))
}

/// Own settings as they are once all that is declared is so.
pub(super) fn after(declared: &Declared, own: Option<&Map<String, Value>>) -> Option<Map<String, Value>> {
    let declared = declared.settings();
    if own.is_none() && declared.is_empty() {
        return None;
    }
    let mut settings = own.cloned().unwrap_or_default();
    settings.extend(declared);
    Some(settings)
}

/// The step that makes it so.
pub(super) fn step(subject: &str, changed: &[Setting]) -> Option<Step> {
    let written = |name: &str| if name == LEVEL { "compatibility" } else { name }.to_owned();
    let config: Map<_, _> = changed.iter().map(|it| (written(&it.name), it.to.clone())).collect();
    (!config.is_empty()).then(|| Step { subject: subject.to_owned(), action: Action::SetConfig { config } })
}

/// Whether a step that sets this has nothing left to do.
pub(super) fn satisfied(config: &Map<String, Value>, own: Option<&Map<String, Value>>) -> bool {
    config.iter().all(|(name, to)| {
        let name = if name == "compatibility" { LEVEL } else { name };
        let from = own.and_then(|own| own.get(name)).cloned().unwrap_or_default();
        same(name, &from, to)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::same;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        for (name, a, b, expected) in [
            ("normalize", json!(true), json!(true), true),
            ("normalize", json!(null), json!(false), false),
            ("compatibilityLevel", json!("FULL"), json!("BACKWARD"), false),
            ("defaultMetadata", json!({"properties": {"a": "b"}, "tags": {}}), json!({"properties": {"a": "b"}}), true),
            ("defaultMetadata", json!({"properties": {"a": "b"}}), json!({"properties": {"a": "c"}}), false),
            ("theirs", json!({"x": 1}), json!({"x": 1}), true),
            ("theirs", json!({"x": 1}), json!({"x": 2}), false),
        ] {
            assert_eq!(same(name, &a, &b), expected, "{name} {a} {b}");
        }
    }
}
