//! Where a store is, and opening it for reading or writing.

use std::path::PathBuf;

use super::error::ServiceError;
use crate::aws::Access;
use crate::store::{Clock, Place, Store, StoreError};

/// Where a store is.
#[derive(Debug, Clone)]
pub struct StoreAt {
    /// A directory, or `s3://BUCKET/PREFIX`.
    pub location: PathBuf,
    /// How its bucket is reached.
    pub access: Access,
    /// The clock by which credentials expire.
    pub clock: Clock,
}

impl StoreAt {
    /// The bucket and the prefix, if the store is not on a disk.
    fn bucket(&self) -> Option<&str> {
        let text = self.location.to_str()?;
        text.starts_with("s3://").then_some(text)
    }

    /// Opens the store for writing, creating it where there is none.
    ///
    /// # Errors
    /// If something else is there, or it cannot be written to.
    pub async fn create(&self) -> Result<Store, ServiceError> {
        let place = match self.bucket() {
            Some(text) => Box::pin(Place::bucket(text, &self.access, self.clock)).await?,
            None => Place::create_directory(&self.location)?,
        };
        Ok(Box::pin(Store::create(place)).await?)
    }

    /// Opens the store for writing if there is one.
    ///
    /// # Errors
    /// If there is one that cannot be opened.
    pub async fn existing(&self) -> Result<Option<Store>, ServiceError> {
        match self.try_open().await {
            Ok(store) => {
                store.add_later_tables().await?;
                Ok(Some(store))
            }
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// Opens the store for reading.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub async fn open(&self) -> Result<Store, ServiceError> {
        self.try_open().await.map_err(|error| match error {
            StoreError::NotFound { .. } => ServiceError::NoStore(error.to_string()),
            other => other.into(),
        })
    }

    async fn try_open(&self) -> Result<Store, StoreError> {
        let place = match self.bucket() {
            Some(text) => Box::pin(Place::bucket(text, &self.access, self.clock)).await?,
            None => Place::directory(&self.location)?,
        };
        Box::pin(Store::open(place)).await
    }
}
