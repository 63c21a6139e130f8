"""Whatever speaks OpenAI's protocol, Azure and RITS among them."""
