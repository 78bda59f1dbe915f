//! The contract that the tests of this crate use: everything JSON and protobuf can say to each other.

use std::sync::OnceLock;

use prost_reflect::DescriptorPool;

use crate::schema::Schema;

/// Compiles one file that imports nothing but the workspace's own definitions.
pub(crate) fn compile(name: &str, source: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join(name), source).expect("is writable");
    let includes = [folder.path().to_path_buf(), format!("{}/../proto", env!("CARGO_MANIFEST_DIR")).into()];
    let mut compiler = protox::Compiler::new(includes).expect("the folders exist");
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files([name]).unwrap_or_else(|error| panic!("{error:?}"));
    compiler.encode_file_descriptor_set()
}

/// The compiled descriptor set of `testdata/`.
pub(crate) fn descriptor_set() -> &'static [u8] {
    static SET: OnceLock<Vec<u8>> = OnceLock::new();
    SET.get_or_init(|| {
        let root = env!("CARGO_MANIFEST_DIR");
        let includes = [format!("{root}/testdata"), format!("{root}/../proto")];
        let mut compiler = protox::Compiler::new(includes).expect("the folders exist");
        compiler.include_source_info(true).include_imports(true);
        compiler.open_files(["everything/v1/service.proto"]).expect("the test contract compiles");
        compiler.encode_file_descriptor_set()
    })
}

/// The descriptors of `testdata/`.
pub(crate) fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| DescriptorPool::decode(descriptor_set()).expect("the test contract is a descriptor set"))
}

/// The tables of `testdata/`.
pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::compile(pool()))
}
