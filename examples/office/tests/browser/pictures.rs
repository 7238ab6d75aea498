//! Pictures of the main pages, into the folder that `BURSAR_TEST_PICTURES` names.

use std::path::PathBuf;

use libtest_mimic::Failed;

use crate::Visit;

/// What is below is left out: the first of these that makes a picture small enough counts.
const HEIGHTS_MAX: [u64; 3] = [1_600, 1_250, 900];
/// So large may a picture be, in bytes.
const BYTES_MAX: usize = 160_000;

/// Width and height, as a PNG says them.
fn measures(png: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    (png.get(..8)? == b"\x89PNG\r\n\x1a\n").then_some((number(16)?, number(20)?))
}

pub(crate) async fn are_taken(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, size, temporary) = (&visit.window, visit.window.size, tempfile::tempdir()?);
    let folder = match std::env::var_os("BURSAR_TEST_PICTURES").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => temporary.path().to_owned(),
    };
    std::fs::create_dir_all(&folder)?;
    let take = async |name: &str| -> Result<(), Failed> {
        let mut picture = Vec::new();
        for height_max in HEIGHTS_MAX {
            picture = window.picture(height_max).await?;
            if picture.len() < BYTES_MAX {
                break;
            }
        }
        let (width, height) = measures(&picture).ok_or("it is no PNG")?;
        assert_eq!(width, size.width, "{name}");
        assert!(height >= size.height && u64::from(height) <= HEIGHTS_MAX[0], "{name}: {height}");
        assert!((5_000..BYTES_MAX).contains(&picture.len()), "{name}: {} bytes", picture.len());
        let end = if size.is_narrow() { format!("-{}", size.width) } else { String::new() };
        Ok(std::fs::write(folder.join(format!("{name}{end}.png")), picture)?)
    };
    if !size.is_narrow() {
        window.goto("/sign-in").await?;
        take("sign-in").await?;
    }
    // One who owes, and pays a part of it.
    visit.enter("/students?sort=owed").await?;
    window.press("tbody tr:nth-child(3) a").await?;
    window.fill("#amount", "300.00").await?;
    window.fill("#reference", "slip 7").await?;
    window.press("#record").await?;
    take("receipt").await?;
    window.press_words("Back to the student").await?;
    take("student").await?;
    window.goto("/").await?;
    take("dashboard").await?;
    if !size.is_narrow() {
        for name in ["students", "debtors", "terms", "audit"] {
            window.goto(&format!("/{name}")).await?;
            take(name).await?;
        }
    }
    Ok(())
}
