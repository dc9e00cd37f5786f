"""The demo shop: orders, logistics, members and after-sales behind the HTTP API of contracts/shop_api.md."""
