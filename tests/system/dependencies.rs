//! Which crate may depend on which. What `docs/ARCHITECTURE.md` says of the folders is true because of this file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crates of the workspace, with the crates of the workspace that they depend on outside of tests.
struct Workspace {
    root: PathBuf,
    /// Folder by name: `services/order`.
    folders: BTreeMap<String, String>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
    /// Everything that the lock file says a package needs, on any platform.
    locked: BTreeMap<String, BTreeSet<String>>,
}

impl Workspace {
    fn load() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata");
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let mut folders = BTreeMap::new();
        let mut dependencies = BTreeMap::new();
        for package in &metadata.packages {
            let folder = package.manifest_path.parent().expect("a manifest is in a folder");
            let folder = folder.strip_prefix(&metadata.workspace_root).expect("packages are inside the workspace");
            folders.insert(package.name.to_string(), folder.to_string());
            let needed =
                package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
            dependencies.insert(package.name.to_string(), needed.map(|needed| needed.name.clone()).collect());
        }
        let locked = lock_file(&root);
        Self { root, folders, dependencies, locked }
    }

    fn services(&self) -> BTreeSet<&str> {
        let services = self.folders.iter().filter(|(_, folder)| folder.starts_with("services/"));
        services.map(|(name, _)| name.as_str()).collect()
    }

    fn libraries(&self) -> BTreeSet<&str> {
        let libraries = self.folders.iter().filter(|(_, folder)| folder.starts_with("libs/"));
        libraries.map(|(name, _)| name.as_str()).collect()
    }

    /// Everything that a package needs, directly or not.
    fn closure(&self, package: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![package];
        while let Some(name) = open.pop() {
            let needed = self.locked.get(name).into_iter().flatten().map(String::as_str);
            open.extend(needed.filter(|needed| seen.insert(*needed)).collect::<Vec<_>>());
        }
        seen
    }
}

fn lock_file(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root.join("Cargo.lock")).expect("the lock file is committed");
    let lock: toml::Table = text.parse().expect("the lock file is TOML");
    let mut locked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("a lock file lists packages") {
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        let needed = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // `name`, or `name version` where there are several.
        let needed = needed.filter_map(|needed| Some(needed.as_str()?.split(' ').next()?.to_owned()));
        locked.entry(name).or_default().extend(needed);
    }
    locked
}

#[test]
fn only_the_command_line_and_system_tests_see_more_than_one_service() {
    let workspace = Workspace::load();
    let services = workspace.services();
    assert!(services.len() >= 9, "{services:?}");
    for (package, needed) in &workspace.dependencies {
        let seen: Vec<_> = needed.iter().filter(|needed| services.contains(needed.as_str())).collect();
        match package.as_str() {
            "ultramarket" => assert_eq!(seen.len(), services.len(), "{package} sees every service"),
            "system-tests" => {}
            _ => assert!(seen.is_empty(), "{package} depends on {seen:?}"),
        }
    }
}

#[test]
fn libraries_know_neither_the_gateway_nor_who_uses_them() {
    let workspace = Workspace::load();
    for library in workspace.libraries() {
        for above in ["gateway", "ultramarket", "system-tests", "xtask"] {
            assert!(!workspace.dependencies[library].contains(above), "{library} depends on {above}");
        }
        assert!(!workspace.dependencies[library].contains("testkit"), "{library} needs testkit outside of tests");
    }
    for service in workspace.services().into_iter().chain(["gateway", "ultramarket"]) {
        assert!(!workspace.dependencies[service].contains("testkit"), "{service} needs testkit outside of tests");
    }
    assert!(!workspace.dependencies["gateway"].contains("ultramarket-api"), "the gateway knows descriptors only");
}

#[test]
fn the_kernel_has_no_io_and_no_framework() {
    let workspace = Workspace::load();
    let kernel = workspace.closure("kernel");
    for banned in ["tokio", "tonic", "hyper", "sea-orm", "sqlx", "prost", "reqwest", "mio", "serde_json"] {
        assert!(!kernel.contains(banned), "kernel needs {banned}");
    }
    assert!(kernel.contains("uuid"), "the lock file is read as it should be");
}

#[test]
fn the_contract_needs_nothing_of_ours() {
    let workspace = Workspace::load();
    let ours: BTreeSet<_> = workspace.folders.keys().map(String::as_str).collect();
    let needed: Vec<_> = workspace.closure("ultramarket-api").into_iter().filter(|name| ours.contains(name)).collect();
    assert!(needed.is_empty(), "other teams depend on the contract, not on {needed:?}");
}

#[test]
fn services_are_alike() {
    let workspace = Workspace::load();
    for service in workspace.services() {
        let folder = workspace.root.join(&workspace.folders[service]);
        assert_eq!(workspace.folders[service], format!("services/{service}"), "a service's folder has its name");
        for file in ["README.md", "src/config.rs", "src/error.rs", "tests/it/main.rs"] {
            assert!(folder.join(file).is_file(), "services/{service}/{file} is missing");
        }
        for module in ["src/grpc", "src/domain", "src/service"] {
            let file = folder.join(format!("{module}.rs"));
            assert!(file.is_file(), "services/{service}/{module}.rs is missing");
        }
        let readme = fs::read_to_string(folder.join("README.md")).expect("is text");
        assert!(readme.lines().filter(|line| !line.trim().is_empty()).count() >= 10, "{service}'s README says little");
    }
}

#[test]
fn modules_are_files_with_their_name() {
    let workspace = Workspace::load();
    let mut open: Vec<_> = workspace.folders.values().map(|folder| workspace.root.join(folder).join("src")).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            assert!(!path.ends_with("mod.rs"), "{}", path.display());
            if path.is_dir() {
                open.push(path);
            }
        }
    }
}
