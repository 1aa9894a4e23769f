/*
 * A program that defines all nine companions itself links with the static
 * library without a clash, and it is its own that are called.
 * links: static
 */
#include "own_companions.h"

int main(void) { own_and_peer(NULL, own_companions_win); return 0; }
