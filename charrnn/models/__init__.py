"""The recurrent cells and networks: the equations in numpy, the layers in torch."""
