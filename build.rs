//! Compiles `proto/` in pure Rust (no protoc to install) into `OUT_DIR`: one module per package, and the
//! descriptor set with comments and options, from which routes, policies, validation and OpenAPI are derived.

use std::{env, error::Error, fs, path::Path, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // tonic-prost-build prints no directives of its own; without these, any change in the repository reruns us.
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=proto");

    let root = Path::new("proto");
    let mut files = Vec::new();
    collect(&root.join("ultramarket"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Encoded by protox itself: prost's types would drop the options that are extensions.
    fs::write(out.join("descriptor_set.bin"), compiler.encode_file_descriptor_set())?;

    let mut messages = prost_build::Config::new();
    // Type names say which message a bus envelope carries and which rules a request must keep.
    messages.bytes(["."]).btree_map(["."]).enable_type_names();
    tonic_prost_build::configure()
        .build_client(cfg!(feature = "client"))
        .build_server(cfg!(feature = "server"))
        .build_transport(false)
        .compile_fds_with_config(compiler.file_descriptor_set(), messages)?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
