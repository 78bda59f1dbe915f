//! Transactions.

use std::sync::Arc;

use futures::future::join_all;
use sea_orm::ConnectionTrait;

use crate::support::{number, open, sql};

async fn add<C: ConnectionTrait>(db: &C, name: &str) -> Result<i64, db::Error> {
    let read = "SELECT count FROM notes WHERE name = $1";
    let row = db.query_one_raw(sql(db, read, [name.into()])).await?;
    let count = row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? + 1;
    let write = "INSERT INTO notes (name, count) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET count = $2";
    db.execute_raw(sql(db, write, [name.into(), count.into()])).await?;
    Ok(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_writers_sum_up() {
    let fixture = Arc::new(open().await);
    let name = "a".to_owned();
    let writers = (0..100).map(|_| {
        let name = &name;
        let db = &fixture.db;
        async move { db.write(|tx| Box::pin(async move { add(tx, name).await })).await.expect("writes") }
    });
    let mut counts = join_all(writers).await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=100).collect::<Vec<i64>>());
    assert_eq!(number(&fixture.db, "SELECT count FROM notes").await, 100);
}
