//! The sources of the workspace as text.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of the workspace.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace").to_owned()
}

/// The tests that may call the RPCs of a service: its own, and those of the whole product.
pub(super) fn tests_of(domain: &str) -> String {
    [format!("services/{domain}/tests"), "tests/system".into()]
        .iter()
        .map(|folder| text(&root().join(folder)))
        .collect()
}

/// All product code below a folder, put together: no tests.
pub(super) fn product(folder: &Path) -> String {
    let product = |path: &Path| !path.iter().any(|part| part == "tests" || part == "tests.rs");
    let files = files(folder).into_iter().filter(|(path, _)| product(path));
    files.map(|(_, text)| text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()).collect()
}

/// All Rust files below a folder, put together.
fn text(folder: &Path) -> String {
    files(folder).into_iter().map(|(_, text)| text).collect()
}

fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are text");
                files.push((path, text));
            }
        }
    }
    files
}
