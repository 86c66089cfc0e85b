/** Names the file descriptor that the hidden part of a child's environment is read from. */
export const MARKER = "HARVESTER_STACK_HIDDEN_ENVIRONMENT";
