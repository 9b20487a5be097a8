"""What speakers of the Parley protocol share: the words on the wire, the rules of the chat."""
