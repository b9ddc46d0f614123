//! The sources as modules: which file is which module, what it defines, re-exports and uses.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A module path below the crate: `["plan", "decide"]` for `src/plan/decide.rs`.
pub(super) type Module = Vec<String>;

/// A path as it is written, with the name under which it is imported or exported.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) name: String,
}

/// One file of `src`, without its tests.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    /// The code without comments and tests, for what is searched as text.
    pub(super) code: String,
    /// What other files can name through this one: every `use`, since files below see private ones too.
    pub(super) imports: Vec<Named>,
    /// Every path that begins with `crate`, `self` or `super`, in `use` lines and in code.
    pub(super) paths: Vec<Vec<String>>,
}

/// Every file of `src` by its module path; the crate itself is the empty path.
pub(super) fn sources() -> BTreeMap<Module, Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    list(&root, &mut files);
    let files =
        files.into_iter().filter(|file| !file.ends_with("main.rs") && !file.ends_with("tests.rs"));
    files
        .map(|file| {
            let relative = file.strip_prefix(&root).unwrap().with_extension("");
            let module = relative.iter().map(|part| part.to_str().unwrap().to_owned());
            let module: Module = module.filter(|part| part != "lib").collect();
            let text = std::fs::read_to_string(&file).unwrap();
            (module, read(relative.with_extension("rs"), &text))
        })
        .collect()
}

/// Reads one file.
pub(super) fn read(file: PathBuf, text: &str) -> Source {
    let mut parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    parsed.items.retain(|item| !is_test(item));
    let mut source = Source { file, code: without_tests(text), ..Source::default() };
    source.visit_file(&parsed);
    source
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut found = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut found);
        self.paths.extend(found.iter().map(|named| named.path.clone()).filter(|p| is_local(p)));
        self.imports.extend(found);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if segments.len() > 1 && is_local(&segments) {
            self.paths.push(segments);
        }
        syn::visit::visit_path(self, path);
    }

    // What a macro expands to is used where it is expanded.
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if item.ident.is_none() {
            syn::visit::visit_item_macro(self, item);
        }
    }

    // What a macro is given is not parsed, but paths stand there as anywhere.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens = call.tokens.to_string().replace(" :: ", "::");
        let words = tokens.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let paths = words.map(|word| word.split("::").map(str::to_owned).collect::<Vec<_>>());
        self.paths.extend(paths.filter(|path| path.len() > 1 && is_local(path)));
        syn::visit::visit_macro(self, call);
    }
}

fn is_local(path: &[String]) -> bool {
    path.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str()))
}

/// The paths of a `use` tree; a glob has the name `*`, `self` in braces that of its module.
fn flatten(tree: &syn::UseTree, before: &mut Vec<String>, found: &mut Vec<Named>) {
    let mut named = |path: Vec<String>, name: String| found.push(Named { path, name });
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            named(before.clone(), before.last().cloned().unwrap_or_default());
        }
        syn::UseTree::Name(name) => {
            named([before.as_slice(), &[name.ident.to_string()]].concat(), name.ident.to_string());
        }
        syn::UseTree::Rename(rename) => {
            let path = match rename.ident.to_string().as_str() {
                "self" => before.clone(),
                name => [before.as_slice(), &[name.to_owned()]].concat(),
            };
            named(path, rename.rename.to_string());
        }
        syn::UseTree::Glob(_) => named(before.clone(), "*".into()),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, found);
            }
        }
    }
}

fn is_test(item: &syn::Item) -> bool {
    let syn::Item::Mod(module) = item else { return false };
    module.attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    })
}

fn without_tests(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| format!("{line}\n")).collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
