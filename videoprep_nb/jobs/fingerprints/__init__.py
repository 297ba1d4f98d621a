"""What work is made from: the code, the parameters and files of a task, and the marker that it is done."""
