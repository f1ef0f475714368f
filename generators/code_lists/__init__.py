"""Code lists that anybody knows: countries, states, currencies, months, weekdays. No row tells them."""
