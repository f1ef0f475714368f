"""Tables of counts: histograms of columns, a tree of pairs, and how noisy ones become one consistent distribution."""
