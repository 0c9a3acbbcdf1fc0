//! The rule about how numbers are written.

use std::fmt::{Debug, Display, LowerExp};
use std::str::FromStr;

use super::Strictness;
use super::{Document, Hit};
use crate::source::{Item, Value};

pub fn unusual_default(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let mut hits = Vec::new();
    for item in &document.items {
        let Item::Field(field) = item else { continue };
        let Some(Value::Number(text)) = field.node.get("default").map(|default| &default.value) else { continue };
        let kind = field.kind.elements().first().unwrap_or(field.kind);
        let usual = match kind.text().or_else(|| kind.get_text("type")) {
            Some("float") => usual::<f32>(text),
            Some("double") => usual::<f64>(text),
            _ => None,
        };
        if let Some(usual) = usual {
            let title = format!("The default of `{}` is {usual}, written as {text}", field.name);
            hits.push(Hit::new(field.node, Some("default"), &field.path, title));
        }
    }
    hits
}

/// How a number is usually written that is written otherwise here.
fn usual<T: FromStr + Display + Debug + LowerExp>(text: &str) -> Option<String> {
    let number: T = text.parse().ok()?;
    let forms = [number.to_string(), format!("{number:?}"), format!("{number:e}")];
    let text = text.to_ascii_lowercase().replace("e+", "e");
    // The zero behind the point says that it is not a whole number.
    let is_usual = forms.iter().any(|form| *form == text || format!("{form}.0") == text);
    let [_, debug, _] = forms;
    (!is_usual).then_some(debug)
}

#[cfg(test)]
mod tests {
    use super::usual;

    #[test]
    fn numbers_are_kept_in_one_form() {
        for (text, double, float) in [
            ("1", None, None),
            ("1.0", None, None),
            ("-0.5", None, None),
            ("1e10", None, None),
            ("1E+10", None, None),
            ("1.50", Some("1.5"), Some("1.5")),
            ("10e1", Some("100.0"), Some("100.0")),
            ("0.12345678", None, Some("0.12345678")),
            ("0.1234567890123456789", Some("0.12345678901234568"), Some("0.12345679")),
            ("1e999", Some("inf"), Some("inf")),
        ] {
            let shown = usual::<f64>(text);
            assert_eq!(shown.as_deref(), double, "{text}");
            if text != "0.12345678" {
                assert_eq!(usual::<f32>(text).as_deref(), float, "{text}");
            }
        }
    }
}
