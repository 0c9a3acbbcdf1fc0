//! A registry behind TLS, with an authority that only the client trusts.

use avow_client::rest::{Client, Retry};
use serde_json::json;

use crate::support::{Asked, Authority, Double, Reply};

/// The address that certificates are for.
const HERE: &str = "127.0.0.1";

fn latest(_: &Asked) -> Reply {
    Reply::ok(json!({"subject": "s", "version": 1, "id": 7, "schema": "\"int\""}))
}

/// The result of a request, with the given trust and client certificate.
async fn ask(double: &Double, trusted: Option<String>, shown: Option<String>) -> Result<u32, avow_client::Error> {
    let mut builder = Client::builder([&double.url]).retry(Retry::never());
    if let Some(pem) = trusted {
        builder = builder.certificate_authorities(pem);
    }
    if let Some(pem) = shown {
        builder = builder.client_certificate(pem);
    }
    Ok(builder.build().unwrap().latest("s").await?.id)
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_no_other() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let double = Double::secured(ours.acceptor(HERE, None), latest).await;
    assert_eq!(ask(&double, Some(ours.pem()), None).await.unwrap(), 7);
    let several = theirs.pem() + &ours.pem();
    assert_eq!(ask(&double, Some(several), None).await.unwrap(), 7, "one of several is enough");
    for trusted in [None, Some(theirs.pem())] {
        let error = ask(&double, trusted, None).await.unwrap_err();
        assert!(error.is_retriable() && error.status().is_none(), "{error:?}");
        // The trust of the system has words of its own.
        assert!(format!("{error:?}").to_lowercase().contains("certificate"), "{error:?}");
    }
    assert_eq!(double.asked().len(), 2, "nothing was said to those who are not trusted");
}

#[tokio::test]
async fn a_certificate_is_for_a_name() {
    let authority = Authority::new();
    let double = Double::secured(authority.acceptor("registry.example.com", None), latest).await;
    let error = ask(&double, Some(authority.pem()), None).await.unwrap_err();
    assert!(format!("{error:?}").contains("NotValidForName"), "{error:?}");
}

#[tokio::test]
async fn a_registry_that_asks_for_a_certificate_gets_it() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let double = Double::secured(servers.acceptor(HERE, Some(&clients)), latest).await;
    let shown = clients.identity("orders-service");
    assert_eq!(ask(&double, Some(servers.pem()), Some(shown)).await.unwrap(), 7);
    for shown in [None, Some(servers.identity("orders-service"))] {
        let error = ask(&double, Some(servers.pem()), shown).await.unwrap_err();
        assert!(error.is_retriable() && error.status().is_none(), "{error:?}");
    }
    assert_eq!(double.asked().len(), 1);
}
