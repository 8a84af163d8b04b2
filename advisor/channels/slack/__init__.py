"""The Slack bot: Slack's events in, questions to the advisor's API out, answers back as Slack shows them."""
