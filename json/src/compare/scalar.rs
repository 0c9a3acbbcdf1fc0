//! Strings, numbers, enumerations and constants; and limits, whatever they limit.

use std::collections::HashSet;

use super::outcome::Findings;
use crate::decimal::Decimal;
use crate::difference::DifferenceKind as D;
use crate::model::{NumberRules, StringRules};
use crate::printer::identity;
use crate::value::Json;

/// The kinds for a limit that came, went, rose or fell.
pub(super) struct LimitKinds {
    pub(super) added: D,
    pub(super) removed: D,
    pub(super) increased: D,
    pub(super) decreased: D,
}

pub(super) fn limit<T: PartialOrd>(
    findings: &mut Findings,
    path: &str,
    original: Option<T>,
    update: Option<T>,
    kinds: &LimitKinds,
) {
    match (original, update) {
        (None, Some(_)) => findings.add(path, kinds.added),
        (Some(_), None) => findings.add(path, kinds.removed),
        (Some(original), Some(update)) if original < update => findings.add(path, kinds.increased),
        (Some(original), Some(update)) if original > update => findings.add(path, kinds.decreased),
        _ => {}
    }
}

pub(super) fn strings(findings: &mut Findings, original: &StringRules, update: &StringRules) {
    limit(
        findings,
        "maxLength",
        original.max_length,
        update.max_length,
        &LimitKinds {
            added: D::MaxLengthAdded,
            removed: D::MaxLengthRemoved,
            increased: D::MaxLengthIncreased,
            decreased: D::MaxLengthDecreased,
        },
    );
    limit(
        findings,
        "minLength",
        original.min_length,
        update.min_length,
        &LimitKinds {
            added: D::MinLengthAdded,
            removed: D::MinLengthRemoved,
            increased: D::MinLengthIncreased,
            decreased: D::MinLengthDecreased,
        },
    );
    match (&original.pattern, &update.pattern) {
        (None, Some(_)) => findings.add("pattern", D::PatternAdded),
        (Some(_), None) => findings.add("pattern", D::PatternRemoved),
        (Some(original), Some(update)) if original != update => findings.add("pattern", D::PatternChanged),
        _ => {}
    }
}

pub(super) fn numbers(findings: &mut Findings, original: &NumberRules, update: &NumberRules) {
    let [old_maximum, new_maximum, old_minimum, new_minimum] =
        [&original.maximum, &update.maximum, &original.minimum, &update.minimum].map(|limit| double(limit.as_ref()));
    limit(
        findings,
        "maximum",
        old_maximum,
        new_maximum,
        &LimitKinds {
            added: D::MaximumAdded,
            removed: D::MaximumRemoved,
            increased: D::MaximumIncreased,
            decreased: D::MaximumDecreased,
        },
    );
    limit(
        findings,
        "minimum",
        old_minimum,
        new_minimum,
        &LimitKinds {
            added: D::MinimumAdded,
            removed: D::MinimumRemoved,
            increased: D::MinimumIncreased,
            decreased: D::MinimumDecreased,
        },
    );
    exclusive_maximum(findings, original, update);
    limit(
        findings,
        "exclusiveMinimum",
        double(original.exclusive_minimum.as_ref()),
        double(update.exclusive_minimum.as_ref()),
        &LimitKinds {
            added: D::ExclusiveMinimumAdded,
            removed: D::ExclusiveMinimumRemoved,
            increased: D::ExclusiveMinimumIncreased,
            decreased: D::ExclusiveMinimumDecreased,
        },
    );
    match (&original.multiple_of, &update.multiple_of) {
        (None, Some(_)) => findings.add("multipleOf", D::MultipleOfAdded),
        (Some(_), None) => findings.add("multipleOf", D::MultipleOfRemoved),
        (Some(original), Some(update)) if !original.same_number(update) => {
            let kind = if update.is_multiple_of(original) {
                D::MultipleOfExpanded
            } else if original.is_multiple_of(update) {
                D::MultipleOfReduced
            } else {
                D::MultipleOfChanged
            };
            findings.add("multipleOf", kind);
        }
        _ => {}
    }
    if original.integer != update.integer {
        findings.add("", if original.integer { D::TypeExtended } else { D::TypeNarrowed });
    }
}

/// A lower limit is a finding only if the old one lies above the new `maximum`, where there is one: the reference
/// compares with the wrong keyword, and its verdicts are followed.
fn exclusive_maximum(findings: &mut Findings, original: &NumberRules, update: &NumberRules) {
    let (Some(old), Some(new)) =
        (double(original.exclusive_maximum.as_ref()), double(update.exclusive_maximum.as_ref()))
    else {
        return limit(
            findings,
            "exclusiveMaximum",
            double(original.exclusive_maximum.as_ref()),
            double(update.exclusive_maximum.as_ref()),
            &LimitKinds {
                added: D::ExclusiveMaximumAdded,
                removed: D::ExclusiveMaximumRemoved,
                increased: D::ExclusiveMaximumIncreased,
                decreased: D::ExclusiveMaximumDecreased,
            },
        );
    };
    if old < new {
        findings.add("exclusiveMaximum", D::ExclusiveMaximumIncreased);
    } else if old > new && double(update.maximum.as_ref()).is_none_or(|maximum| old > maximum) {
        findings.add("exclusiveMaximum", D::ExclusiveMaximumDecreased);
    }
}

fn double(number: Option<&Decimal>) -> Option<f64> {
    number.map(Decimal::to_f64)
}

pub(super) fn enums(findings: &mut Findings, original: &[Json], update: &[Json]) {
    let [original, update] = [original, update].map(|values| values.iter().map(identity).collect::<HashSet<_>>());
    if original != update {
        let kind = if update.is_superset(&original) {
            D::EnumArrayExtended
        } else if original.is_superset(&update) {
            D::EnumArrayNarrowed
        } else {
            D::EnumArrayChanged
        };
        findings.add("enum", kind);
    }
}

pub(super) fn constants(findings: &mut Findings, original: &Json, update: &Json) {
    if identity(original) != identity(update) {
        findings.add("const", D::EnumArrayChanged);
    }
}
