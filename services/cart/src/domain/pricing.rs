//! A cart as it is shown: with what the catalogue says now, and what keeps lines from being bought.

use std::collections::HashMap;

use kernel::{Money, MoneyError};
use service_kit::wire;
use ultramarket_api::{
    cart::v1::{self as pb, cart_item::Problem},
    catalog::v1::SaleableVariant,
};

use super::{Cart, Line};
use crate::prices::Prices;

/// How many are available of a SKU. None is known where inventory did not answer.
pub(crate) type Stock = Option<HashMap<String, i64>>;

/// Shows the cart. What is not for sale, or not in the currency of the lines before it, has no price and cannot be
/// bought; of what is short, price and number are told, and it does not count towards the subtotal.
pub(crate) fn show(cart: &Cart, prices: &Prices, stock: &Stock) -> Result<pb::Cart, MoneyError> {
    let mut items = Vec::with_capacity(cart.lines.len());
    let mut subtotal: Option<Money> = None;
    let mut currency = None;
    for line in &cart.lines {
        let offer =
            prices.get(&line.sku).and_then(|variant| Some((variant, wire::amount(variant.price.as_ref()?).ok()?)));
        let offer = offer.filter(|(_, price)| *currency.get_or_insert(price.currency) == price.currency);
        let Some((variant, price)) = offer else {
            items.push(unavailable(line));
            continue;
        };
        let total = price.checked_mul(line.quantity.into())?;
        let item = item(line, variant, price, total, stock);
        if item.problem() == Problem::Unspecified {
            subtotal = Some(match subtotal {
                None => total,
                Some(sum) => sum.checked_add(total)?,
            });
        }
        items.push(item);
    }
    Ok(pb::Cart {
        cart_id: cart.cart_id.clone(),
        items,
        subtotal: subtotal.map(wire::money),
        version: cart.version,
        update_time: Some(wire::timestamp(cart.update_time)),
    })
}

fn item(line: &Line, variant: &SaleableVariant, price: Money, total: Money, stock: &Stock) -> pb::CartItem {
    // What inventory does not know it has none of.
    let available = stock.as_ref().map(|stock| stock.get(&line.sku).copied().unwrap_or(0));
    let short = available.filter(|available| *available < line.quantity.into());
    let problem = if short.is_some() { Problem::InsufficientStock } else { Problem::Unspecified };
    pb::CartItem {
        sku: line.sku.clone(),
        product_id: variant.product_id.clone(),
        title: variant.title.clone(),
        quantity: line.quantity,
        unit_price: Some(wire::money(price)),
        line_total: Some(wire::money(total)),
        problem: problem.into(),
        available: short,
        image: variant.image.clone(),
    }
}

fn unavailable(line: &Line) -> pb::CartItem {
    pb::CartItem {
        sku: line.sku.clone(),
        product_id: line.product_id.clone(),
        title: line.title.clone(),
        quantity: line.quantity,
        problem: Problem::ProductUnavailable.into(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;
    use ultramarket_api::r#type::v1::Money as PbMoney;

    use super::*;

    fn cart(lines: &[(&str, i32)]) -> Cart {
        let line = |&(sku, quantity): &(&str, i32)| Line {
            sku: sku.into(),
            quantity,
            currency: "USD".into(),
            product_id: "old product".into(),
            title: "old title".into(),
            position: 0,
        };
        let lines = lines.iter().map(line).collect();
        Cart { cart_id: "1".into(), version: 3, update_time: Timestamp::EPOCH, lines }
    }

    fn prices(offers: &[(&str, &str, i64)]) -> Prices {
        let offer = |&(sku, code, amount_minor): &(&str, &str, i64)| {
            let price = Some(PbMoney { currency_code: code.into(), amount_minor });
            SaleableVariant { sku: sku.into(), title: "new title".into(), price, ..Default::default() }
        };
        Prices::for_test(offers.iter().map(offer))
    }

    fn stock(available: &[(&str, i64)]) -> Stock {
        Some(available.iter().map(|&(sku, available)| (sku.to_owned(), available)).collect())
    }

    fn problems(cart: &pb::Cart) -> Vec<Problem> {
        cart.items.iter().map(pb::CartItem::problem).collect()
    }

    #[test]
    fn only_what_can_be_bought_is_summed_up() {
        let prices = prices(&[("A", "USD", 100), ("B", "USD", 250), ("C", "USD", 7)]);
        let cart = cart(&[("A", 2), ("B", 5), ("GONE", 1), ("C", 1)]);
        let shown = show(&cart, &prices, &stock(&[("A", 2), ("B", 4)])).expect("adds up");
        let expected =
            [Problem::Unspecified, Problem::InsufficientStock, Problem::ProductUnavailable, Problem::InsufficientStock];
        assert_eq!(problems(&shown), expected);
        let totals: Vec<_> = shown.items.iter().map(|item| item.line_total.as_ref().map(|t| t.amount_minor)).collect();
        assert_eq!(totals, [Some(200), Some(1250), None, Some(7)]);
        assert_eq!(shown.items.iter().map(|item| item.available).collect::<Vec<_>>(), [None, Some(4), None, Some(0)]);
        assert_eq!((shown.items[0].title.as_str(), shown.items[2].title.as_str()), ("new title", "old title"));
        assert_eq!(shown.subtotal.map(|money| money.amount_minor), Some(200));
    }

    #[test]
    fn without_inventory_nothing_is_short() {
        let shown = show(&cart(&[("A", 999)]), &prices(&[("A", "USD", 1)]), &None).expect("adds up");
        assert_eq!(problems(&shown), [Problem::Unspecified]);
        assert_eq!(shown.subtotal.map(|money| money.amount_minor), Some(999));
    }

    #[test]
    fn what_changed_its_currency_cannot_be_bought_along() {
        let prices = prices(&[("A", "USD", 1), ("B", "EUR", 1)]);
        let shown = show(&cart(&[("A", 1), ("B", 1)]), &prices, &None).expect("adds up");
        assert_eq!(problems(&shown), [Problem::Unspecified, Problem::ProductUnavailable]);
    }

    #[test]
    fn an_empty_cart_has_no_subtotal() {
        assert_eq!(show(&cart(&[]), &prices(&[]), &None).expect("adds up").subtotal, None);
    }
}
