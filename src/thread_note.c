/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What each thread has for itself: the sentence that mman_peer_explain()
 * returns, and, between the beginning and the end of a fork(), the word by which
 * the child says that it serves.
 *
 * They are C because stable Rust cannot choose a TLS model: with the default one
 * the first access in a thread of a program that loaded the library by
 * dlopen() would allocate (__tls_get_addr), which a signal handler must not.
 * initial-exec takes the room from the reserve that libc keeps for this.
 */
static __thread __attribute__((tls_model("initial-exec"))) char note[512];

__attribute__((visibility("hidden"))) char *mman_peer_thread_note(unsigned long *size)
{
	*size = sizeof note;
	return note;
}

static __thread __attribute__((tls_model("initial-exec"))) void *child_serves;

__attribute__((visibility("hidden"))) void **mman_peer_thread_child_serves(void)
{
	return &child_serves;
}
