//! That the servers and the proxy in front of them are what the other tests take them for.

use aws_sdk_s3::types::StorageClass;

use super::{Extra, both, wait};

#[test]
fn objects_keep_their_bytes_and_what_is_said_of_them() {
    for server in both() {
        let bucket = server.bucket();
        bucket.put_with(
            "a folder/ünd+%41.json",
            "{}",
            &Extra {
                metadata: &[("signature", "00ff")],
                storage_class: Some(StorageClass::StandardIa),
            },
        );
        let get = bucket
            .client
            .get_object()
            .bucket(&bucket.name)
            .key("a folder/ünd+%41.json");
        let (metadata, bytes) = wait(async move {
            let object = get.send().await.expect("it is there");
            let metadata = object.metadata.clone().unwrap_or_default();
            (
                metadata,
                object.body.collect().await.expect("its bytes").into_bytes(),
            )
        });
        assert_eq!(
            metadata.get("signature").map(String::as_str),
            Some("00ff"),
            "{}",
            server.name
        );
        assert_eq!(&*bytes, b"{}", "{}", server.name);
    }
}
