//! Objects as the server has them, with every field: for what is copied, shown whole or written down before it dies.

use serde_json::Value;

use super::lists::segment;
use super::resource::Resource;
use crate::connect::{Client, Error, ErrorKind};

/// One object by its name.
pub async fn get(client: &Client, resource: &Resource, namespace: &str, name: &str) -> Result<Value, Error> {
    let path = format!("{}/{}", resource.path(Some(namespace)), segment(name));
    client.get(&path, None).await?.json()
}

/// The same; `None` where the server says that there is none.
pub async fn find(client: &Client, resource: &Resource, namespace: &str, name: &str) -> Result<Option<Value>, Error> {
    match get(client, resource, namespace, name).await {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// All objects of a namespace in one answer: for kinds of which there are few.
pub async fn list(client: &Client, resource: &Resource, namespace: &str) -> Result<Vec<Value>, Error> {
    let mut list: Value = client.get(&resource.path(Some(namespace)), None).await?.json()?;
    Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// The objects of a namespace that labels select, in kubectl's notation.
pub async fn selected(
    client: &Client,
    resource: &Resource,
    namespace: &str,
    labels: &str,
) -> Result<Vec<Value>, Error> {
    let path = format!("{}?labelSelector={}", resource.path(Some(namespace)), segment(labels));
    let mut list: Value = client.get(&path, None).await?.json()?;
    Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}
