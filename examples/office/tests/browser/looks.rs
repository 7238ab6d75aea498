//! How the pages look, and what programs that read them aloud make of them.

use fantoccini::Locator;
use fantoccini::elements::Element;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::window::Window;
use crate::{Visit, pages};

/// What does not fit: wider than the window, or text beyond what it stands in, or cut off.
const MISFITS: &str = "
const width = arguments[0], found = [];
const say = (what, element) => found.push(what + ': ' + element.outerHTML.slice(0, 160));
const page = document.documentElement;
if (page.scrollWidth > width || innerWidth !== width) found.push('the page is ' + page.scrollWidth + ' of ' + innerWidth + ' wide');
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const text = texts.currentNode, element = text.parentElement;
  if (!text.data.trim() || element.closest('.hidden, .skip, select, option, script, style')) continue;
  const range = document.createRange();
  range.selectNodeContents(text);
  const around = element.closest('td, th, .card, .top, main, body').getBoundingClientRect();
  for (const box of range.getClientRects()) {
    if (box.width === 0) continue;
    if (box.right > width + 1 || box.left < -1) say('beyond the window', element);
    else if (box.right > around.right + 1 || box.left < around.left - 1) say('beyond its card', element);
  }
}
for (const element of document.body.querySelectorAll('*')) {
  if (element.closest('.hidden, .skip, svg, input, select')) continue;
  const style = getComputedStyle(element);
  if (style.overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1) say('cut off', element);
}
for (const table of document.querySelectorAll('table, dl, form')) {
  const around = table.parentElement.getBoundingClientRect(), style = getComputedStyle(table.parentElement);
  if (table.getBoundingClientRect().right > around.right - parseFloat(style.paddingRight) + 1) say('beyond its card', table);
}
for (const control of document.querySelectorAll('input:not([type=hidden], [hidden]), select, button')) {
  const box = control.getBoundingClientRect(), around = (control.closest('.card') || document.body).getBoundingClientRect();
  if (box.right > around.right + 1 || box.left < around.left - 1) say('beyond its card', control);
}
return [...new Set(found)];
";

/// Every page fits its window.
pub(crate) async fn fit(visit: &Visit<'_>) -> Result<(), Failed> {
    let (window, mut found) = (&visit.window, Vec::new());
    pages::each(visit, async |page| {
        let misfits = window.script(MISFITS, vec![json!(window.size.width)]).await?;
        found.extend(misfits.as_array().into_iter().flatten().map(|misfit| format!("{page}: {misfit}")));
        for complaint in window.complaints().await? {
            found.push(format!("{page}: the browser complains: {complaint}"));
        }
        Ok(())
    })
    .await?;
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

/// The name that an element is read aloud by.
pub(crate) async fn name(window: &Window, element: &Element) -> Result<String, Failed> {
    let id = element.element_id();
    let name = window.ask(&format!("element/{}/computedlabel", id.as_ref()), None).await?;
    Ok(name.as_str().unwrap_or_default().trim().to_owned())
}

/// Every control of every page has a name.
pub(crate) async fn have_names(visit: &Visit<'_>) -> Result<(), Failed> {
    // Of a table's lines, which are all alike, the first ones.
    const CONTROLS: &str = ":is(a, button, input:not([type=hidden], [hidden]), select, textarea, progress, nav, [role=search])\
                            :not(tbody tr:nth-child(n+6) *)";
    let (window, mut nameless, mut named) = (&visit.window, Vec::new(), 0);
    pages::each(visit, async |page| {
        for control in window.client.find_all(Locator::Css(CONTROLS)).await? {
            if name(window, &control).await?.is_empty() {
                nameless.push(format!("{page}: {}", control.html(false).await?));
            } else {
                named += 1;
            }
        }
        Ok(())
    })
    .await?;
    // A form that searches is told by its role.
    nameless.retain(|control| !control.contains("role=\"search\""));
    assert!(nameless.is_empty(), "{nameless:#?}");
    assert!(named > 300, "{named}");
    Ok(())
}

/// What axe-core finds that keeps people out, or nearly so.
const AXE: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'], preload: false }).then(
  found => done({ rules: found.passes.length, violations: found.violations.map(one => ({
    id: one.id, impact: one.impact, help: one.help,
    nodes: one.nodes.slice(0, 5).map(node => node.html + ' ' + node.failureSummary) })) }),
  error => done({ error: String(error) }));
";

async fn run_axe(window: &Window, axe: &str) -> Result<Value, Failed> {
    window.script(axe, vec![]).await?;
    let found = window.client.execute_async(AXE, vec![]).await?;
    match found["error"].as_str() {
        Some(error) => Err(error.into()),
        None => Ok(found),
    }
}

fn serious(found: &Value) -> Vec<&Value> {
    let violations = found["violations"].as_array().into_iter().flatten();
    violations.filter(|one| one["impact"] == "serious" || one["impact"] == "critical").collect()
}

/// No page has what axe-core calls serious or critical.
pub(crate) async fn pass_axe(visit: &Visit<'_>, axe: &str) -> Result<(), Failed> {
    let (window, mut all) = (&visit.window, Vec::new());
    pages::each(visit, async |page| {
        let found = run_axe(window, axe).await?;
        assert!(found["rules"].as_u64() > Some(5), "{page}: {found}");
        all.extend(serious(&found).into_iter().map(|one| format!("{page}: {one:#}")));
        Ok(())
    })
    .await?;
    assert!(all.is_empty(), "{}", all.join("\n"));
    // It would be seen.
    window
        .script("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')", vec![])
        .await?;
    let found = run_axe(window, axe).await?;
    assert!(!serious(&found).is_empty(), "a field without a name is serious: {found}");
    Ok(())
}
