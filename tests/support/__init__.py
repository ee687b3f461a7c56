"""What tests share: made music, stand-ins of services, example results."""
