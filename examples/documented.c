/*
 * documented.c: the program that QNX's manual shows for mmap_peer(), as a
 * reader types it in. Only what the printed text lost is put back: some
 * braces, the counting of a failure, the wait. Its headers are QNX's, <process.h>
 * among them, and SPRNT is a macro that the manual uses and does not define.
 *
 *   cc documented.c $(pkg-config --cflags --libs mman_peer-qnx)
 *
 * Like the original it says nothing and always ends with success; run it with
 * MMAN_PEER_DEBUG=1 to see both calls.
 */
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <errno.h>
#include <stdlib.h>
#include <process.h>
#include <sys/mman.h>

int main(int argc, char *argv[])
{
   pid_t pid;
   pid_t parent_pid;
   char buff[256];
   const int mmap_len = 4096;

   parent_pid = getpid();
   pid = fork();
   assert( pid != -1 );

   if( pid == 0 ) {
      /* The child maps a page into its parent and removes it again. */
      void *region;
      int ret;
      int failed;

      failed = 0;

      region = mmap_peer( parent_pid, 0, mmap_len, PROT_READ | PROT_WRITE,
                          MAP_SHARED, NOFD, 0 );
      if( region == MAP_FAILED ) {
         SPRNT( buff, sizeof(buff), "mmap_peer failed (errno %d)", errno );
         failed++;
      }
      if( !failed ) {
         ret = munmap_peer( parent_pid, region, mmap_len );
         if( ret == -1 ) {
            SPRNT( buff, sizeof(buff), "munmap_peer failed (errno %d)", errno );
            failed++;
         }
      }
   } else {
      /* The parent waits until the child has ended. */
      wait( NULL );
   }
   return EXIT_SUCCESS;
}
