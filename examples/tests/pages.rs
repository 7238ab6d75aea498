//! What the project's pages name is there: files and headings that they link to, tests that they count on, examples that they run.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The files of the project with an extension, what is built and what is hidden left out.
fn files(extension: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

/// A page without its code.
fn prose(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let parts = text.split("\n```").enumerate();
    parts.filter(|(nth, _)| nth % 2 == 0).map(|(_, part)| part).collect::<Vec<_>>().join("\n")
}

/// The anchors of a page's headings, as they are shown.
fn anchors(path: &Path) -> Vec<String> {
    let headings = prose(path);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut count = 0;
    // The links of the crates' own pages are rustdoc's to check.
    for page in files("md").into_iter().filter(|page| page.components().all(|part| part.as_os_str() != "src"))
    {
        let text = prose(&page);
        let targets = text.split("](").skip(1).map(|rest| rest.split([')', ' ']).next().unwrap());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let there =
                path.exists() && (anchor.is_empty() || anchors(&path).iter().any(|one| one == anchor));
            if !there {
                broken.push(format!("{}: {target}", page.display()));
            }
            count += 1;
        }
    }
    assert!(count > 50 && broken.is_empty(), "{broken:#?}");
}

/// What stands between backticks in a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_tests_of_the_invariants_are_there() {
    let mut functions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files("rs") {
        for rest in fs::read_to_string(&path).unwrap().split("fn ").skip(1) {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            functions.entry(name.to_owned()).or_default().push(path.display().to_string());
        }
    }
    let page = fs::read_to_string(root().join("docs/invariants.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("fails without it"));
    let named: Vec<&str> =
        rows.flat_map(|row| quoted(row.trim_end_matches(" |").rsplit(" | ").next().unwrap())).collect();
    let mut missing = Vec::new();
    for name in &named {
        let there = if name.contains('…') || name.starts_with("store-") && !name.contains('/') {
            true
        } else if name.contains('/') {
            root().join(name).exists()
        } else {
            let (topic, function) = name.split_once("::").unwrap_or(("", name));
            let at = functions.get(function).map(Vec::as_slice).unwrap_or_default();
            at.iter().any(|path| topic.is_empty() || path.ends_with(&format!("conformance/{topic}.rs")))
        };
        if !there {
            missing.push(*name);
        }
    }
    assert!(named.len() > 60 && missing.is_empty(), "{missing:?}");
}

#[test]
fn the_examples_that_are_run_are_there() {
    let mut count = 0;
    for page in files("md") {
        let text = fs::read_to_string(&page).unwrap();
        for rest in text.split("--example ").skip(1) {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            let folder = root().join("examples");
            let there =
                folder.join(format!("{name}.rs")).exists() || folder.join(name).join("main.rs").exists();
            assert!(there, "{}: {name}", page.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}
