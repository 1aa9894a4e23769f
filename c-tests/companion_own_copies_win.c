/*
 * A program that defines all nine companions itself links with the shared
 * library without a clash, and it is its own that are called.
 */
#include "own_companions.h"

int main(void) { own_and_peer(NULL, own_companions_win); return 0; }
