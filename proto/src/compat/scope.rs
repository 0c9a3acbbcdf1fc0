//! Scopes of names, and paths made from them.

use std::borrow::Cow;
use std::rc::Rc;

use crate::types::push_name;

/// Where a walk stands: a message in the messages around it. Names and paths are made when they are needed, for a long
/// name would otherwise be copied for every field.
pub(super) struct Scope<'a> {
    pub(super) outer: Option<Rc<Scope<'a>>>,
    pub(super) name: Cow<'a, str>,
    pub(super) original_package: &'a str,
    pub(super) update_package: &'a str,
}

impl<'a> Scope<'a> {
    pub(super) fn enter(self: &Rc<Self>, name: &'a str) -> Rc<Self> {
        let (original_package, update_package) = (self.original_package, self.update_package);
        Rc::new(Self { outer: Some(Rc::clone(self)), name: Cow::Borrowed(name), original_package, update_package })
    }

    /// The scope of a type that is compared for itself, by its name in its package.
    pub(super) fn of_type(local_name: &str, original_package: &'a str, update_package: &'a str) -> Rc<Self> {
        let outermost = Rc::new(Self { outer: None, name: Cow::Borrowed(""), original_package, update_package });
        local_name.split('.').fold(outermost, |outer, name| {
            let name = Cow::Owned(name.to_owned());
            Rc::new(Self { outer: Some(outer), name, original_package, update_package })
        })
    }

    /// The names from the outside inwards.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = std::iter::successors(Some(self), |scope| scope.outer.as_deref())
            .map(|scope| scope.name.as_ref())
            .filter(|name| !name.is_empty())
            .collect();
        names.reverse();
        names
    }

    /// The full name of the scope in a package.
    pub(super) fn full(&self, package: &str) -> String {
        let mut full = package.to_owned();
        for name in self.names() {
            push_name(&mut full, name);
        }
        full
    }
}

/// What a difference is about: a type, a field, a oneof or an enum value.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) scope: Rc<Scope<'a>>,
    pub(super) oneof: Option<&'a str>,
    pub(super) number: Option<i32>,
}

impl<'a> Place<'a> {
    pub(super) fn of(scope: &Rc<Scope<'a>>) -> Self {
        Self { scope: Rc::clone(scope), oneof: None, number: None }
    }

    pub(super) fn path(&self) -> String {
        let names = self.scope.names().join("/");
        let number = self.number.map(|number| number.to_string());
        let parts = [Some(names.as_str()).filter(|names| !names.is_empty()), self.oneof, number.as_deref()];
        format!("#/{}", parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
    }
}
