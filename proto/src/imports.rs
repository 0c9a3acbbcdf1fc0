//! Files and what they import, linked from the leaves to the root.

use std::collections::HashMap;
use std::rc::Rc;

use avow_budget::Budget;

use crate::Error;
use crate::descriptor::{self, FileDescriptor, LinkedFile};
use crate::known;
use crate::reference::Reference;
use crate::syntax::File;
use crate::types::TypeTable;

/// The name that the reference gives the schema itself among files.
const ROOT_NAME: &str = "default";

/// The descriptor of a schema whose descriptor can be built.
pub(crate) fn build_linked(root: &File, references: &[Reference], budget: &Budget) -> Result<FileDescriptor, Error> {
    let table = TypeTable::of(root, references, budget)?;
    let mut files: HashMap<&str, &File> = known::files().collect();
    files.extend(references.iter().map(|reference| (reference.name.as_str(), &reference.file)));
    let mut imports = Imports { files, table: &table, budget, linked: HashMap::new(), types: HashMap::new() };
    imports.link_all(root)?;
    let (descriptor, _) = imports.link(ROOT_NAME, root)?;
    Ok(descriptor)
}

struct Imports<'a> {
    files: HashMap<&'a str, &'a File>,
    table: &'a TypeTable<'a>,
    budget: &'a Budget,
    linked: HashMap<String, Rc<LinkedFile>>,
    /// The file that defines each type: no two files may define the same.
    types: HashMap<String, String>,
}

/// A file on the way to the root, and the imports of it that are still to be linked.
struct Pending<'a> {
    path: &'a str,
    file: &'a File,
    imports: Vec<&'a str>,
}

impl<'a> Imports<'a> {
    /// Links what a file imports, depth first, on a stack of its own.
    fn link_all(&mut self, root: &'a File) -> Result<(), Error> {
        let mut open = vec![Pending { path: ROOT_NAME, file: root, imports: import_paths(root) }];
        while let Some(pending) = open.last_mut() {
            self.budget.step()?;
            let Some(path) = pending.imports.pop() else {
                if let Some(Pending { path, file, .. }) = open.pop()
                    && !open.is_empty()
                {
                    let (_, linked) = self.link(path, file)?;
                    self.linked.insert(path.to_owned(), Rc::new(linked));
                }
                continue;
            };
            let Some(file) = self.files.get(path).copied() else { continue };
            if self.linked.contains_key(path) {
                continue;
            }
            self.budget.spend(open.len() as u64)?;
            if open.iter().any(|pending| pending.path == path) {
                return Err(Error::invalid(format!("Imports form a cycle through {path}")));
            }
            open.push(Pending { path, file, imports: import_paths(file) });
        }
        Ok(())
    }

    /// The descriptor of a file whose imports are linked.
    fn link(&mut self, path: &str, file: &File) -> Result<(FileDescriptor, LinkedFile), Error> {
        let is_import = |path: &str| self.files.contains_key(path);
        let built = descriptor::build(path, file, self.table, is_import, self.budget)?;
        let dependencies: Vec<_> =
            built.dependencies.iter().filter_map(|path| self.linked.get(path)).cloned().collect();
        let linked = descriptor::link(&built, &dependencies, self.budget)?;
        for name in linked.type_names() {
            if self.types.insert(name.to_owned(), path.to_owned()).is_some() {
                return Err(Error::invalid(format!("duplicate name: {name}")));
            }
        }
        Ok((built, linked))
    }
}

/// The paths a file imports, the last one first.
fn import_paths(file: &File) -> Vec<&str> {
    file.imports.iter().chain(&file.public_imports).rev().map(String::as_str).collect()
}
