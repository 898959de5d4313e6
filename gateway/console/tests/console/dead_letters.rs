//! The dead letters through the API.

use tallygate_reading::limits::DEAD_LETTERS_FRESH;

use crate::letters::filled;
use crate::login::pass;
use crate::site::Site;

#[tokio::test]
async fn the_api_lists_and_shows_them() {
    let site = Site::start().await;
    assert_eq!(site.get("/api/v1/dead-letters").await.json()["all"], 0);
    filled(&site.log);
    pass(DEAD_LETTERS_FRESH).await;
    let listing = site.get("/api/v1/dead-letters?reason=unreadable").await.json();
    assert_eq!((&listing["dead_letters"][0]["origin"], &listing["searched"]), (&"0/8".into(), &4.into()));
    assert_eq!(site.get("/api/v1/dead-letters/1/4").await.json()["day"], "1999-01-01");
    assert_eq!(site.get("/api/v1/dead-letters/9/9").await.status, 404);
}
